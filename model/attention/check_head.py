"""Compares one head's steps, as the page shows them, with the model's own: the query is forwarded again, with hooks.

The numbers are those of the records that the cards and the map get. The second pass is by the same kernels over the
run's own keys and values; its weights are computed in float32 by the model's own eager attention.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.attention.attention_row import AttentionRow, attention_row
from model.attention.head_output import OutputProjection
from model.attention.maps import attention_tile
from model.attention.one_head import Place, find_place, one_head, output_to_show
from model.capture.capture import Capture, capturing
from model.capture.reference import referencing
from model.network.forward import cache_argument
from model.network.language_model import LanguageModel
from model.network.tolerances import AGAIN_TOLERANCE, FLOAT32, LOGIT_TOLERANCE
from model.records.head import HeadChecks, HeadPart, OneHead, PairScore, SoftmaxRow
from model.records.run import Check
from model.request.validate import require_integer
from model.run.run_cache import cache_before
from model.run.trace import Trace
from model.runtime.present import present

PAIR, WEIGHTS, SUM = "q · k gives the map's cell", "weights = eager", "heads sum to W_O's output"
MIX, CHANGED = "z = input of W_O", "z = attention's output"


@dataclass(frozen=True, eq=False)
class _SecondPass:
    """The second pass at the query: weights (n_heads, key), the attention's own output z (n_heads, d_v), W_O's input
    (n_heads * d_v,) and output (d_model,).
    """

    weight: Tensor
    z: Tensor
    entry: Tensor | None
    w_o_out: Tensor | None


def head_checks(lm: LanguageModel, trace: Trace, layer: int, head: int, query: int, key: int) -> HeadChecks:
    """Compares each step of one head with the model's own values in a second pass.

    One position is forwarded over the run's own keys and values, which costs one decoding step; where these cannot be
    had (`cache_before`), all positions up to the query are forwarded.
    """
    started = time.perf_counter()
    place = find_place(lm, trace.capture, layer, head, query)
    require_integer("key", key, 0, trace.capture.n_positions - 1, "choose a position of this run")
    card = one_head(lm, trace, layer, head, query, key)
    row = attention_row(place.captured, place.chunk, query)
    projection = output_to_show(lm, trace, place).projection
    with lm.lock:
        again = _second_pass(lm, trace, place, projection)
    by_step = [("pair", _pair_check(lm, trace, card)), ("softmax", _weights_check(lm, row, card, again))]
    is_direct = projection is not None and projection.direct
    by_step.append(("mix", _mix_check(lm, card, again) if is_direct else _changed_check(lm, card, again)))
    if card.output is not None:
        by_step.append(("output", _output_check(lm, card.output, card.n_heads, again)))
    steps, checks = zip(*by_step, strict=True)
    return HeadChecks(steps, checks, time.perf_counter() - started)


@torch.inference_mode()
def _second_pass(lm: LanguageModel, trace: Trace, place: Place, projection: OutputProjection | None) -> _SecondPass:
    """Forwards the query's position again. Call it with `lm.lock` held."""
    kept: dict[str, Tensor] = {}
    heads: list[Tensor] = []
    module = present(place.captured.module)

    def keep_heads(index: int, values: Tensor) -> Tensor:
        if index == place.layer:
            heads.append(values[0, -1].double().cpu())
        return values

    def keep_projection(_module, args, output):
        kept["entry"], kept["w_o_out"] = args[0][0, -1], output[0, -1]

    ids = trace.fed_ids[: place.query + 1]
    cache = cache_before(lm, trace, place.query)
    new_ids = ids if cache is None else ids[-1:]
    handles = [] if projection is None else [projection.module.register_forward_hook(keep_projection)]
    try:
        input_ids = torch.tensor([list(new_ids)], device=lm.device)
        capture = Capture(n_positions=place.query + 1 - len(new_ids))
        with capturing(capture, len(new_ids), keep_heads), referencing([module]) as references:
            lm.model(input_ids, **cache_argument(lm, cache), use_cache=cache is not None, logits_to_keep=1)
    finally:
        for handle in handles:
            handle.remove()
    kept = {name: tensor.double().cpu() for name, tensor in kept.items()}
    weight = references[module][-1].weight[:, -1].double()
    return _SecondPass(weight, heads[0], kept.get("entry"), kept.get("w_o_out"))


def _pair_check(lm: LanguageModel, trace: Trace, card: OneHead) -> Check:
    """Compares the weight that follows from the card's q and k with the cell of the map at this query and key."""
    cell = (card.query, card.query + 1), (card.key, card.key + 1)
    tile = attention_tile(lm, trace.capture, card.layer, card.head, *cell)
    weight = _weight_of(card.pair, card.softmax)
    how = (
        f"the weight from the sum of the card's {len(card.pair.query_vector)} products, scaled, against the map's own "
        "cell at this query and key"
    )
    return Check(PAIR, abs(weight - float(tile.pattern[0, 0])), FLOAT32, how)


def _weight_of(pair: PairScore, softmax: SoftmaxRow) -> float:
    """The weight that a card's q, k and row of scores give, by plain arithmetic."""
    if pair.hidden:
        return 0.0
    score = math.fsum(pair.query_vector.astype(np.float64) * pair.key_vector) * pair.scaling
    score = score if pair.softcap is None else pair.softcap * math.tanh(score / pair.softcap)
    return math.exp(score + pair.bias - softmax.largest) / softmax.denominator


def _weights_check(lm: LanguageModel, row: AttentionRow, card: OneHead, again: _SecondPass) -> Check:
    # A cache that evicts positions lacks the first keys, whose weight is 0.
    ours, theirs = row.weight[card.head], again.weight[card.head]
    eager = torch.zeros_like(ours)
    eager[len(ours) - len(theirs) :] = theirs
    shown = torch.from_numpy(card.softmax.top_weights).double() - eager[card.softmax.top_positions.tolist()]
    how = (
        f"largest difference of {len(ours)} weights, and of those on the card, from the model's own eager attention: "
        "this position forwarded again, over the run's own keys and values"
    )
    error = max(float((ours - eager).abs().max()), float(shown.abs().max()))
    return Check(WEIGHTS, error, AGAIN_TOLERANCE[lm.dtype], how)


def _mix_check(lm: LanguageModel, card: OneHead, again: _SecondPass) -> Check:
    d_v = len(card.mix.z)
    entry = present(again.entry)
    theirs = entry[card.head * d_v : (card.head + 1) * d_v]
    largest = float(entry.abs().max())
    how = (
        "largest difference of z from what entered W_O when this position was forwarded again; "
        f"the largest entry of all heads is {largest:.3g}"
    )
    error = float((torch.from_numpy(card.mix.z) - theirs).abs().max())
    return Check(MIX, error, LOGIT_TOLERANCE[lm.dtype] * largest, how)


def _changed_check(lm: LanguageModel, card: OneHead, again: _SecondPass) -> Check:
    largest = float(again.z.abs().max())
    how = (
        "largest difference of z from the attention's own output when this position was forwarded again; the model "
        f"changes it before W_O. The largest entry of all heads is {largest:.3g}"
    )
    error = float((torch.from_numpy(card.mix.z) - again.z[card.head]).abs().max())
    return Check(CHANGED, error, LOGIT_TOLERANCE[lm.dtype] * largest, how)


def _output_check(lm: LanguageModel, part: HeadPart, n_heads: int, again: _SecondPass) -> Check:
    theirs = present(again.w_o_out)
    largest = float(theirs.abs().max())
    how = (
        f"largest difference of the sum of all {n_heads} heads' parts, and the bias if there is one, from W_O's own "
        f"output in the second pass; its largest entry is {largest:.3g}"
    )
    error = float((torch.from_numpy(part.w_o_out) - theirs).abs().max())
    return Check(SUM, error, LOGIT_TOLERANCE[lm.dtype] * largest, how)
