"""A token's logit to what each part of the network added to it: direct logit attribution.

The stream before the final norm is a sum: embedding, and every layer's attention and MLP. With the norm's scale
held at what it is at this position, norm and unembedding are linear, so a logit is the sum of what each part adds
(Elhage et al. 2021). A head's part goes through its slice of W_O, and through the norm after attention if there is one.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.attention.head_output import output_bias, output_projection
from model.layers.block_parts import BlockParts, known_parts, matrix
from model.layers.lens import followers, known_unembedding
from model.layers.readout import Readout, after_sublayer, before_softcap, readout, through
from model.layers.residual import at, note, passed, recomputed
from model.layers.window import window_of
from model.network.language_model import LanguageModel
from model.network.recording import LayerRows, Window
from model.network.to_numpy import to_numpy
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import Attribution, Share
from model.records.run import Check
from model.request.validate import require_integer
from model.run.trace import Trace
from model.tokens.describe import describe

CANDIDATES = 12
LARGEST = 10
TOTAL = "parts sum to the logit"
HEADS = "heads sum to attn_out"


@torch.inference_mode()
def attribution(
    lm: LanguageModel, trace: Trace, position: int, token_id: int | None = None, against: int | None = None
) -> Attribution:
    """What each part adds to a token's logit at a position, by default to the one that follows there."""
    way = known_unembedding(lm)
    known_parts(lm)
    window = window_of(lm, trace, position)
    rows = [at(layer, position - window.start) for layer in window.layers]
    token_id = chosen(lm, trace, window, position, token_id)
    if against is not None:
        require_integer("against", against, 0, lm.card.n_vocab - 1, "use an id of this vocabulary")
    reading = readout(way, rows[-1].resid_post, token_id, against)
    shares = _shares(lm, trace, rows, reading)
    logits = _own_logits(trace, window, position)
    top = logits.topk(CANDIDATES)
    logit = before_softcap(way, logits, token_id)
    if against is not None:
        logit -= before_softcap(way, logits, against)
    checks = (_total_check(lm, shares["total"], logit, logits), *_heads_check(lm, shares.pop("errors")))
    return Attribution(
        position=position,
        token=describe(lm.vocabulary, token_id, -1),
        against=None if against is None else describe(lm.vocabulary, against, -1),
        logit=logit,
        softcap=way.softcap,
        candidates=tuple(describe(lm.vocabulary, i, -1) for i in top.indices.tolist()),
        candidate_logits=to_numpy(top.values),
        note=note(trace, window),
        checks=passed(lm, (*checks, *recomputed(lm, window))),
        **shares,
    )


def _shares(lm: LanguageModel, trace: Trace, rows: list[LayerRows], reading: Readout) -> dict[str, Any]:
    """The fields of an `Attribution` that say what each part adds, and the errors of the heads' sums."""
    parts = known_parts(lm)
    mixed = [_heads(lm, trace, index, *pair, reading) for index, pair in enumerate(zip(rows, parts, strict=True))]
    heads, beside, errors, reasons = zip(*mixed, strict=True)
    attention = [_share(reading, row.attn_out) for row in rows]
    mlp = [_share(reading, row.mlp_out) for row in rows]
    embedding = float(reading.direction @ rows[0].resid_pre.double())
    attention_total, mlp_total = sum(attention), float(np.nansum(mlp))
    table = _table(heads)
    return {
        "total": embedding + attention_total + mlp_total + reading.constant,
        "embedding": embedding,
        "constant": reading.constant,
        "attention": np.array(attention, np.float32),
        "mlp": np.array(mlp, np.float32),
        "attention_total": attention_total,
        "mlp_total": mlp_total,
        "heads": table,
        "beside_heads": np.array(beside, np.float32),
        "without_heads": next((reason for reason in reasons if reason), ""),
        "largest": _largest(embedding, attention, mlp, table),
        "errors": errors,
    }


def chosen(lm: LanguageModel, trace: Trace, window: Window, position: int, token_id: int | None) -> int:
    """The token in question: as asked, else the one that follows, else the likeliest."""
    if token_id is not None:
        require_integer("token", token_id, 0, lm.card.n_vocab - 1, "use an id of this vocabulary")
        return token_id
    follower = int(followers(trace, window)[position - window.start])
    return follower if follower >= 0 else int(window.logits[position - window.start].argmax())


def _share(reading: Readout, added: Tensor | None) -> float:
    return math.nan if added is None else float(reading.direction @ added.double())


def _heads(lm: LanguageModel, trace: Trace, layer: int, row: LayerRows, parts: BlockParts, reading: Readout):
    """(each head's share, what is no head's, error of their sum as a share of attn_out, why there are none)."""
    none = (None, math.nan, None)
    if row.mixed is None:
        return *none, "its heads' values were not captured in every layer"
    captured = trace.capture.layers[layer]
    projection = output_projection(captured, lm.card.d_model)
    weight, bias = matrix(projection.module).float(), output_bias(projection)
    mixed = row.mixed.to(weight.device)
    error = float(((mixed @ weight).cpu() + bias - row.attn_raw).abs().max() / row.attn_raw.abs().max())
    if not error <= LOGIT_TOLERANCE[lm.anatomy.embed.weight.dtype]:
        return *none, f"the heads of layer {layer} do not sum to what its attention gave (off by {error:.1g} of it)"
    norm = after_sublayer(parts.mixer, row.attn_raw, row.attn_out)
    direction, constant = through(parts.mixer, norm, reading.direction)
    # Each entry of z by what W_O makes of it along the direction; a head's entries stand together.
    shares = mixed * (weight @ direction.to(weight.device, torch.float32))
    constant += float(direction @ bias.double())
    return shares.double().cpu().unflatten(0, (captured.n_heads, -1)).sum(-1), constant, error, ""


def _table(heads: tuple[Tensor | None, ...]) -> np.ndarray:
    widest = max((len(h) for h in heads if h is not None), default=0)
    table = np.full((len(heads), widest), math.nan, np.float32)
    for index, shares in enumerate(heads):
        if shares is not None:
            table[index, : len(shares)] = shares.numpy()
    return table


def _largest(embedding: float, attention: list[float], mlp: list[float], heads: np.ndarray) -> tuple[Share, ...]:
    """The parts of largest size, the largest first."""
    found = [Share("embedding", None, None, embedding)]
    found += [Share("mlp", layer, None, share) for layer, share in enumerate(mlp)]
    for layer, shares in enumerate(heads):
        split = [Share("head", layer, head, float(s)) for head, s in enumerate(shares) if not math.isnan(s)]
        found += split or [Share("attention", layer, None, attention[layer])]
    known = [share for share in found if not math.isnan(share.share)]
    return tuple(sorted(known, key=lambda share: -abs(share.share))[:LARGEST])


def _own_logits(trace: Trace, window: Window, position: int) -> Tensor:
    """The run's own logits at a position where it kept them, else those of the window's pass."""
    index = position - (len(trace.run.tokens) - 1)
    return trace.logits[index] if 0 <= index < len(trace.logits) else window.logits[position - window.start]


def _total_check(lm: LanguageModel, total: float, logit: float, logits: Tensor) -> Check:
    largest = float(logits.abs().max())
    how = (
        f"The sum of all parts ({total:.6g}) against the model's own logit ({logit:.6g}), before a softcap if it "
        f"has one. The largest logit is {largest:.3g}."
    )
    tolerance = LOGIT_TOLERANCE[lm.anatomy.embed.weight.dtype] * largest
    return Check(TOTAL, abs(total - logit), tolerance, how)


def _heads_check(lm: LanguageModel, errors: tuple[float | None, ...]) -> tuple[Check, ...]:
    known = [error for error in errors if error is not None]
    if not known:
        return ()
    how = (
        f"Each head's values through its slice of W_O, summed, against what the attention module gave: the largest "
        f"difference as a share of its largest entry, in the worst of {len(known)} layers."
    )
    return (Check(HEADS, max(known), LOGIT_TOLERANCE[lm.anatomy.embed.weight.dtype], how),)
