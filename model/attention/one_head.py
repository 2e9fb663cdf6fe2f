"""Every number of one head for one query and key, from q and k to the head's part of W_O's output."""

import math
from dataclasses import dataclass

import torch

from model.attention.attention_row import AttentionRow, attention_row
from model.attention.find_output import LayerOutput, output_of
from model.attention.head_output import OutputProjection, head_parts, output_bias
from model.attention.maps import captured_layer
from model.attention.own_pass import entry_limit, own_entry
from model.capture.capture import Capture, LayerCapture, QueryChunk
from model.capture.chunk_rows import softcapped
from model.network.language_model import LanguageModel
from model.records.head import (
    HeadPart,
    OneHead,
    PairScore,
    SoftmaxRow,
    ValueMix,
)
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.to_numpy import to_double, to_numpy

TOP = 6


@dataclass(frozen=True, eq=False)
class Place:
    """One query of one head: its captured layer, the chunk with the query, and the indices."""

    captured: LayerCapture
    chunk: QueryChunk
    layer: int
    head: int
    query: int


def one_head(lm: LanguageModel, trace: Trace, layer: int, head: int, query: int, key: int | None = None) -> OneHead:
    """The head at position `query`, for the key at `key` (by default the one with the largest weight).

    Costs no pass, but in families that change z before W_O: a decoding step, or, where no cache can be cut, a pass over
    all positions up to the query.
    Raises UserError for a layer, head or position without attention.
    """
    place = find_place(lm, trace.capture, layer, head, query)
    row = attention_row(place.captured, place.chunk, query)
    if key is None:
        key = int(row.weight[head].argmax())
    require_integer("key", key, 0, trace.capture.n_positions - 1, "choose a position of this run")
    found = output_to_show(lm, trace, place)
    return OneHead(
        layer=layer,
        head=head,
        kv_head=head // row.group,
        n_heads=len(row.query),
        n_kv_heads=len(row.key),
        query=query,
        key=key,
        pair=_pair(place, row, key),
        softmax=_softmax(row, head, key),
        mix=_mix(place, row, key),
        output=found.projection and _output(lm, trace, place, row, found.projection),
        no_output=found.reason,
    )


def find_place(lm: LanguageModel, capture: Capture, layer: int, head: int, query: int) -> Place:
    """The place of a head and a query. Raises UserError if they do not exist, or not yet."""
    captured = captured_layer(lm, capture, layer, head)
    require_integer(
        "query",
        query,
        0,
        capture.n_positions - 1,
        "a token goes through the model when the next is asked for",
    )
    chunk = captured.chunk_of(query)
    if chunk is None:
        raise UserError(f"Query {query:,} is not in this run's memory. Choose another position.")
    return Place(captured, chunk, layer, head, query)


def _pair(place: Place, row: AttentionRow, key: int) -> PairScore:
    head, chunk = place.head, place.chunk
    q = row.query[head]
    k = to_double(place.captured.key[head // row.group, key])
    products = q * k
    dot = products.sum()
    scaled = dot * chunk.scaling
    softcap = chunk.extras.get("softcap")
    # A later key is not part of the row, but its score can still be computed.
    capped = float(softcapped(scaled, softcap))
    bias = float(row.bias[head, key]) if key <= place.query else 0.0
    return PairScore(
        query_vector=to_numpy(q),
        key_vector=to_numpy(k),
        products=to_numpy(products),
        dot=float(dot),
        scaling=float(chunk.scaling),
        scaled=float(scaled),
        softcap=None if softcap is None else float(softcap),
        capped=capped,
        bias=bias,
        score=capped + bias,
        hidden=_hidden(place, row, key),
    )


def _hidden(place: Place, row: AttentionRow, key: int) -> str:
    if key > place.query:
        return "later"
    if row.allowed[place.head, key]:
        return ""
    return "window" if place.chunk.mask is None else "mask"


def _softmax(row: AttentionRow, head: int, key: int) -> SoftmaxRow:
    scores, weights, allowed = row.score[head], row.weight[head], row.allowed[head]
    sink = None if row.sink is None else float(row.sink[head])
    largest = float(scores.max()) if sink is None else max(float(scores.max()), sink)
    exponentials = (scores - largest).exp()
    sink_share = 0.0 if sink is None else math.exp(sink - largest)
    denominator = float(exponentials.sum()) + sink_share
    top = weights.topk(min(TOP, int(allowed.sum())))
    in_row = key < len(scores)
    return SoftmaxRow(
        first_key=int(allowed.nonzero()[0]),
        n_visible=int(allowed.sum()),
        largest=largest,
        exponential=float(exponentials[key]) if in_row else 0.0,
        denominator=denominator,
        weight=float(weights[key]) if in_row else 0.0,
        sink=sink,
        sink_weight=sink_share / denominator,
        top_positions=top.indices.to(torch.int32).numpy().copy(),
        top_scores=to_numpy(scores[top.indices]),
        top_weights=to_numpy(top.values),
        rest=max(0.0, float(weights.sum() - top.values.sum())),
    )


def _mix(place: Place, row: AttentionRow, key: int) -> ValueMix:
    head = place.head
    value = to_double(place.captured.value[head // row.group, key])
    weight = row.weight[head, key] if key <= place.query else torch.tensor(0.0, dtype=torch.float64)
    return ValueMix(to_numpy(value), to_numpy(weight * value), to_numpy(row.z[head]))


def output_to_show(lm: LanguageModel, trace: Trace, place: Place) -> LayerOutput:
    """W_O of this layer, or why the head's part is not shown at this query."""
    found = output_of(lm, place.layer)
    if found.projection is None or found.projection.direct:
        return found
    limit = entry_limit(lm, trace, place.query)
    return LayerOutput(None, limit) if limit else found


def _output(lm: LanguageModel, trace: Trace, place: Place, row: AttentionRow, projection: OutputProjection) -> HeadPart:
    entry = row.z if projection.direct else own_entry(lm, trace, place.layer, place.query, projection)
    parts, bias = head_parts(projection, entry), output_bias(projection)
    w_o_out = parts.sum(0) + bias
    squared = w_o_out.square().sum().clamp_min(torch.finfo(torch.float32).tiny)
    return HeadPart(
        entry=to_numpy(entry[place.head]),
        changed=not projection.direct,
        part=to_numpy(parts[place.head]),
        w_o_out=to_numpy(w_o_out),
        norms=to_numpy(parts.norm(dim=-1)),
        shares=to_numpy(parts @ w_o_out / squared),
        w_o_out_norm=float(w_o_out.norm()),
        bias_share=float(bias @ w_o_out / squared),
    )
