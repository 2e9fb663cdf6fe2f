"""The residual stream of one position through all layers: norms, parts, and the check that the parts sum up."""

from typing import Any

import torch
from torch import Tensor

from model.capture.recording import LayerRows, Window
from model.layers.block_parts import require_parts
from model.layers.window import window_of
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import ResidualStream, WindowNote
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.to_numpy import to_numpy

SUM = "parts sum to resid_post"
RECOMPUTED = "recomputed = run"
# A sum of three numbers that the model rounds once or twice: up to two roundings of the largest entry are observed.
ROUNDINGS = 16


def residual_stream(lm: LanguageModel, trace: Trace, position: int, layer: int) -> ResidualStream:
    """The stream at a position, with the vectors of one layer.

    Raises UserError if the model's parts are unknown, or a check fails.
    """
    parts = require_parts(lm)
    window = window_of(lm, trace, position)
    require_integer("layer", layer, 0, len(window.layers) - 1, "layers are counted from 0")
    row = position - window.start
    rows = [at_row(layer_rows, row) for layer_rows in window.layers]
    parallel = any(part.parallel for part in parts)
    by_name = {
        "resid_pre": rows[layer].resid_pre,
        "attn_out": rows[layer].attn_out,
        "resid_mid": None if parallel or rows[layer].mlp_out is None else middle(rows[layer]),
        "mlp_out": rows[layer].mlp_out,
        "resid_post": rows[layer].resid_post,
    }
    vectors = {name: vector for name, vector in by_name.items() if vector is not None}
    return ResidualStream(
        position=position,
        parallel=parallel,
        has_attention=lm.card.streamed_maps or any(layer.chunks for layer in trace.capture.layers),
        factors=to_numpy(torch.tensor([[p.mixer.factor, p.mlp.factor if p.mlp else 1.0] for p in parts])),
        pre=_norms([x.resid_pre for x in rows]),
        attn=_norms([x.attn_out for x in rows]),
        mid=_norms([] if parallel else [middle(x) for x in rows]),
        mlp=_norms([x.mlp_out for x in rows]),
        post=_norms([x.resid_post for x in rows]),
        missing=to_numpy(torch.stack([missing(x) for x in rows])),
        layer=layer,
        vectors_of=tuple(vectors),
        vectors=to_numpy(torch.stack(list(vectors.values()))),
        reach=float(torch.stack(list(vectors.values())).abs().flatten().quantile(0.98)),
        note=note(trace, window),
        checks=require_passed(lm, (_sum_check(lm, rows), _total_check(lm, rows), *recompute_check(lm, window))),
    )


def at_row(layer: LayerRows, row: int) -> LayerRows:
    """One position of a layer's rows."""
    one: dict[str, Any] = {name: None if rows is None else rows[row] for name, rows in vars(layer).items()}
    return LayerRows(**one)


def middle(layer: LayerRows) -> Tensor:
    """resid_mid: the stream after attention."""
    return layer.resid_pre + present(layer.attn_out)


def missing(layer: LayerRows) -> Tensor:
    """The largest entry of |resid_pre + attn_out + mlp_out - resid_post|."""
    return (_total(layer) - layer.resid_post.double()).abs().max()


def note(trace: Trace, window: Window) -> WindowNote:
    """How the numbers of a window were computed."""
    return WindowNote(window.start, window.stop, len(trace.fed_ids), window.forwarded, window.seconds)


def recompute_check(lm: LanguageModel, window: Window) -> tuple[Check, ...]:
    """Compares the extra pass with the run's own values; empty if the run kept none of them."""
    if not window.how:
        return ()
    tolerance = LOGIT_TOLERANCE[lm.dtype] * window.largest
    how = (
        f"Positions {window.start} to {window.stop - 1} were forwarded once more to see inside the layers: the "
        f"largest difference from {window.how}, whose largest is {window.largest:.3g}."
    )
    return (Check(RECOMPUTED, window.difference, tolerance, how),)


def require_passed(lm: LanguageModel, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks, if all of them pass. Raises UserError otherwise: numbers that fail their check are not shown."""
    for check in checks:
        if not check.passed:
            raise UserError(
                f"Not shown for {lm.card.model_id!r}: the check {check.name!r} failed with an error of "
                f"{check.error:.2g}, where {check.tolerance:.2g} is allowed. {check.how}"
            )
    return checks


def _total(layer: LayerRows) -> Tensor:
    added = [part.double() for part in (layer.attn_out, layer.mlp_out) if part is not None]
    return sum(added, layer.resid_pre.double())


def _norms(vectors: list[Tensor | None]):
    lengths = [torch.tensor(float("nan")) if v is None else v.norm() for v in vectors]
    return to_numpy(torch.stack(lengths) if lengths else torch.zeros(0))


def _sum_check(lm: LanguageModel, rows: list[LayerRows]) -> Check:
    layer = max(range(len(rows)), key=lambda i: float(missing(rows[i]) / _size(rows[i])))
    size = float(_size(rows[layer]))
    how = (
        f"The largest entry of |resid_pre + attn_out + mlp_out - resid_post|, in the worst of {len(rows)} layers "
        f"({layer}), where the stream's largest entry is {size:.3g}; {ROUNDINGS} roundings of it are allowed."
    )
    tolerance = ROUNDINGS * torch.finfo(lm.dtype).eps * size
    return Check(SUM, float(missing(rows[layer])), tolerance, how)


def _total_check(lm: LanguageModel, rows: list[LayerRows]) -> Check:
    """Compares the sum of the first layer's input and all parts of all layers with the last layer's output."""
    total = rows[0].resid_pre.double()
    for layer in rows:
        total = total + (_total(layer) - layer.resid_pre.double())
    size = float(max(_size(layer) for layer in rows))
    how = (
        f"What entered layer 0 plus all {len(rows)} layers' parts, against what the last layer gave: the largest "
        f"difference of an entry. The largest entry on the way is {size:.3g}."
    )
    tolerance = ROUNDINGS * torch.finfo(lm.dtype).eps * size * len(rows) ** 0.5
    return Check("all parts sum to the end", float((total - rows[-1].resid_post.double()).abs().max()), tolerance, how)


def _size(layer: LayerRows) -> Tensor:
    return torch.stack([layer.resid_pre.abs().max(), layer.resid_post.abs().max()]).max()
