"""Direct logit attribution: splits a token's logit into the contributions of the network's parts.

The stream before the final norm is a sum of the embedding and every layer's attention and MLP. With the norm's scale
held fixed at its value at this position, norm and unembedding are linear, so a logit is the sum of the parts'
contributions (Elhage et al. 2021). A head contributes through its slice of W_O, and through the norm after attention if
there is one. Only direct effects are counted, not those by way of later layers.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.attention.find_output import output_projections
from model.attention.head_output import output_bias
from model.capture.recording import LayerRows, Window
from model.layers.block_parts import BlockParts, matrix, require_parts
from model.layers.lens import next_ids, require_unembedding
from model.layers.readout import Readout, before_softcap, pull_through, readout, sublayer_norm
from model.layers.residual import at_row, note, recompute_check, require_passed
from model.layers.window import window_of
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import Attribution, LogitShare
from model.records.run import Check
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.to_numpy import to_numpy
from model.tokens.describe import describe_token

CANDIDATES = 12
LARGEST = 10
TOTAL = "parts sum to the logit"
HEADS = "heads sum to W_O's output"


@torch.inference_mode()
def attribution(
    lm: LanguageModel, trace: Trace, position: int, token_id: int | None = None, against: int | None = None
) -> Attribution:
    """The contribution of each part to a token's logit at a position; the default is the token that follows there.

    Raises UserError if the model's parts are unknown, a check fails, or a token or position does not exist.
    """
    unembed = require_unembedding(lm)
    require_parts(lm)
    window = window_of(lm, trace, position)
    rows = [at_row(layer, position - window.start) for layer in window.layers]
    token_id = target_token(lm, trace, window, position, token_id)
    if against is not None:
        require_integer("against", against, 0, lm.card.n_vocab - 1, "use an id of this vocabulary")
    reading = readout(unembed, rows[-1].resid_post, token_id, against)
    shares = _shares(lm, rows, reading)
    logits = _own_logits(trace, window, position)
    top = logits.topk(min(CANDIDATES, len(logits)))
    logit = before_softcap(unembed, logits, token_id)
    if against is not None:
        logit -= before_softcap(unembed, logits, against)
    checks = (_total_check(lm, shares["total"], logit, logits), *_heads_check(lm, shares.pop("errors")))
    return Attribution(
        position=position,
        token=describe_token(lm.vocabulary, token_id, -1),
        against=None if against is None else describe_token(lm.vocabulary, against, -1),
        logit=logit,
        softcap=unembed.softcap,
        candidates=tuple(describe_token(lm.vocabulary, i, -1) for i in top.indices.tolist()),
        candidate_logits=to_numpy(top.values),
        note=note(trace, window),
        checks=require_passed(lm, (*checks, *recompute_check(lm, window))),
        **shares,
    )


def _shares(lm: LanguageModel, rows: list[LayerRows], reading: Readout) -> dict[str, Any]:
    """The fields of an `Attribution` with the parts' contributions, and the errors of the heads' sums."""
    parts = require_parts(lm)
    by_layer = [_heads(lm, index, *pair, reading) for index, pair in enumerate(zip(rows, parts, strict=True))]
    heads, beside, errors, reasons = zip(*by_layer, strict=True)
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


def target_token(lm: LanguageModel, trace: Trace, window: Window, position: int, token_id: int | None) -> int:
    """The requested token, or else the one that follows, or else the most likely one."""
    if token_id is not None:
        require_integer("token", token_id, 0, lm.card.n_vocab - 1, "use an id of this vocabulary")
        return token_id
    next_id = int(next_ids(trace, window)[position - window.start])
    return next_id if next_id >= 0 else int(window.logits[position - window.start].argmax())


def _share(reading: Readout, added: Tensor | None) -> float:
    return math.nan if added is None else float(reading.direction @ added.double())


def _heads(lm: LanguageModel, layer: int, row: LayerRows, parts: BlockParts, reading: Readout):
    """Returns (each head's share, the share that belongs to no head, the relative error of their sum, why there are
    none).
    """
    none = (None, math.nan, None)
    outputs = output_projections(lm)
    projection = outputs[layer].projection if layer < len(outputs) else None
    if row.mixed is None or projection is None:
        known = layer < len(outputs) and outputs[layer].reason
        return *none, f"layer {layer}: {known}" if known else "its heads' values were not captured in every layer"
    weight, bias = matrix(projection.module).float(), output_bias(projection)
    mixed, attn_raw, attn_out = row.mixed.to(weight.device), present(row.attn_raw), present(row.attn_out)
    error = float(((mixed @ weight).cpu() + bias - attn_raw).abs().max() / attn_raw.abs().max())
    if not error <= LOGIT_TOLERANCE[lm.dtype]:
        return *none, f"the heads of layer {layer} do not sum to what its attention gave (off by {error:.1g} of it)"
    norm = sublayer_norm(parts.mixer, attn_raw, attn_out)
    direction, constant = pull_through(parts.mixer, norm, reading.direction)
    # Each entry of z times its weight along the direction through W_O; the entries of a head are adjacent.
    shares = mixed * (weight @ direction.to(weight.device, torch.float32))
    constant += float(direction @ bias.double())
    return shares.double().cpu().unflatten(0, (len(projection.weight), -1)).sum(-1), constant, error, ""


def _table(heads: tuple[Tensor | None, ...]) -> np.ndarray:
    """Shares (layer, head) of all layers; NaN where a layer has no such head."""
    n_heads = max((len(h) for h in heads if h is not None), default=0)
    table = np.full((len(heads), n_heads), math.nan, np.float32)
    for index, shares in enumerate(heads):
        if shares is not None:
            table[index, : len(shares)] = shares.numpy()
    return table


def _largest(embedding: float, attention: list[float], mlp: list[float], heads: np.ndarray) -> tuple[LogitShare, ...]:
    """The parts with the largest absolute contribution, largest first."""
    parts = [LogitShare("embedding", None, None, embedding)]
    parts += [LogitShare("mlp", layer, None, share) for layer, share in enumerate(mlp)]
    for layer, shares in enumerate(heads):
        by_head = [LogitShare("head", layer, head, float(s)) for head, s in enumerate(shares) if not math.isnan(s)]
        parts += by_head or [LogitShare("attention", layer, None, attention[layer])]
    known = [part for part in parts if not math.isnan(part.share)]
    return tuple(sorted(known, key=lambda part: -abs(part.share))[:LARGEST])


def _own_logits(trace: Trace, window: Window, position: int) -> Tensor:
    """The run's own logits at a position if it kept them, or else those of the window's pass."""
    index = position - (len(trace.run.tokens) - 1)
    return trace.logits[index] if 0 <= index < len(trace.logits) else window.logits[position - window.start]


def _total_check(lm: LanguageModel, total: float, logit: float, logits: Tensor) -> Check:
    largest = float(logits.abs().max())
    how = (
        f"The sum of all parts ({total:.6g}) against the model's own logit ({logit:.6g}), before a softcap if it "
        f"has one. The largest logit is {largest:.3g}."
    )
    tolerance = LOGIT_TOLERANCE[lm.dtype] * largest
    return Check(TOTAL, abs(total - logit), tolerance, how)


def _heads_check(lm: LanguageModel, errors: tuple[float | None, ...]) -> tuple[Check, ...]:
    known = [error for error in errors if error is not None]
    if not known:
        return ()
    how = (
        "Each head's slice of W_O's input through its slice of W_O, summed, against the attention's output before "
        "any norm or factor of the block: the largest difference as a share of its largest entry, in the worst of "
        f"{len(known)} layers."
    )
    return (Check(HEADS, max(known), LOGIT_TOLERANCE[lm.dtype], how),)
