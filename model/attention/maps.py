"""Attention maps on demand: any head and any rectangle, computed from the captured queries and keys."""

from math import isqrt

import torch
from torch import Tensor

from model.capture.capture import Capture, LayerCapture
from model.capture.pattern import pattern_rows
from model.loading.check_model import MAPS
from model.network.language_model import LanguageModel
from model.records.prefill import AttentionOverview, AttentionTile, PositionAttention, TopWeights
from model.request.errors import UserError
from model.request.validate import require_integer

MAX_CELLS = 256
# Limits for weights computed at a time (memory), and per call of the overview (time: well under 300 ms).
WEIGHTS_AT_ONCE = 4 * 1024**2
WEIGHTS_PER_CALL = 32 * 1024**2
MIN_THUMBNAIL, MAX_THUMBNAIL = 4, 20
OVERVIEW_BYTES = 140_000
TOP = 12
MAX_NAMED = 8
RULES = ("max", "mean")


def attention_tile(
    lm: LanguageModel,
    capture: Capture,
    layer: int,
    head: int,
    queries: tuple[int, int],
    keys: tuple[int, int],
    rule: str = "max",
) -> AttentionTile:
    """A rectangle of one head's pattern in at most 256 x 256 cells; `queries` and `keys` are ranges [start, stop).

    If it is larger, each cell is the `rule` ('max' or 'mean') of a block of weights; weights above the diagonal are 0
    and are included. Raises UserError for a layer, head, range or rule that does not exist.
    """
    captured = captured_layer(lm, capture, layer, head)
    n = capture.n_positions
    for name, (start, stop) in (("query", queries), ("key", keys)):
        require_integer(f"{name}_start", start, 0, n - 1, f"this run has {n} positions")
        require_integer(f"{name}_stop", stop, start + 1, n, f"this run has {n} positions")
    _require_rule(rule)
    block = -(-max(queries[1] - queries[0], keys[1] - keys[0]) // MAX_CELLS)
    pattern = _pooled(captured, queries, keys, block, rule, head)[0]
    first = torch.cat([chunk.first for chunk in tuple(captured.chunks)])[queries[0] : queries[1]]
    first_seen = torch.stack([rows.min() for rows in first.split(block)]).to(torch.int32)
    return AttentionTile(
        layer=layer,
        head=head,
        query_start=queries[0],
        query_stop=queries[1],
        key_start=keys[0],
        key_stop=keys[1],
        block=block,
        rule=rule,
        pattern=pattern.numpy().copy(),
        first_seen=first_seen.numpy().copy(),
    )


def attention_overview(
    lm: LanguageModel, capture: Capture, layer_start: int, n_positions: int, rule: str = "max"
) -> AttentionOverview:
    """Thumbnails of all heads from layer `layer_start` on, for as many layers as one call may compute.

    Raises UserError for a model without maps, or for arguments out of range.
    """
    refuse_without_maps(lm, capture)
    n_layers = len(capture.layers)
    require_integer("layer_start", layer_start, 0, n_layers - 1, "layers are counted from 0")
    require_positions(capture, n_positions)
    _require_rule(rule)
    n_heads = max(layer.n_heads for layer in capture.layers if layer.chunks)
    cells = min(MAX_THUMBNAIL, max(MIN_THUMBNAIL, isqrt(OVERVIEW_BYTES // (n_layers * n_heads))))
    block = -(-n_positions // cells)
    max_layers = max(1, WEIGHTS_PER_CALL // (n_heads * n_positions**2))
    layer_stop = min(n_layers, layer_start + max_layers)
    side = -(-n_positions // block)
    thumbnails = torch.zeros(layer_stop - layer_start, n_heads, side, side, dtype=torch.uint8)
    everything = (0, n_positions)
    for index, layer in enumerate(capture.layers[layer_start:layer_stop]):
        if layer.chunks:
            pooled = _pooled(layer, everything, everything, block, rule)
            thumbnails[index, : layer.n_heads] = (pooled * 255).round().to(torch.uint8)
    return AttentionOverview(
        layer_start=layer_start,
        layer_stop=layer_stop,
        block=block,
        rule=rule,
        n_positions=n_positions,
        thumbnails=thumbnails.numpy().copy(),
    )


def position_attention(
    lm: LanguageModel, capture: Capture, layer: int, head: int, position: int, n_positions: int
) -> PositionAttention:
    """What one position attends to in a head, and which positions attend to it, among the first `n_positions`.

    Raises UserError for a layer, head or position that does not exist.
    """
    captured = captured_layer(lm, capture, layer, head)
    require_positions(capture, n_positions)
    hint = "a token goes through the model when the next one is asked for"
    require_integer("position", position, 0, n_positions - 1, hint)
    row = pattern_rows(captured, position, position + 1, n_positions, head)[0, 0]
    column = _pooled(captured, (0, n_positions), (position, position + 1), 1, "max", head)[0, :, 0]
    return PositionAttention(
        layer=layer,
        head=head,
        position=position,
        n_positions=n_positions,
        row=row.numpy().copy(),
        column=column.numpy().copy(),
        attends_to=_largest(row),
        attended_by=_largest(column),
    )


def pool(pattern: Tensor, block: int, rule: str) -> Tensor:
    """Reduces (..., query, key) by blocks; an incomplete last block is reduced over the entries it has."""
    if block == 1:
        return pattern
    n_rows, n_columns = pattern.shape[-2:]
    rows, columns = -(-n_rows // block), -(-n_columns // block)
    # Weights are never negative, so zeros padded at the edges change neither a maximum nor a sum.
    edges = (0, columns * block - n_columns, 0, rows * block - n_rows)
    blocks = torch.nn.functional.pad(pattern, edges)
    blocks = blocks.reshape(*pattern.shape[:-2], rows, block, columns, block)
    if rule == "max":
        return blocks.amax((-3, -1))
    return blocks.sum((-3, -1)) / (_block_sizes(n_rows, block)[:, None] * _block_sizes(n_columns, block))


def captured_layer(lm: LanguageModel, capture: Capture, layer: int, head: int) -> LayerCapture:
    """One layer's capture. Raises UserError for a layer or head without a map."""
    refuse_without_maps(lm, capture)
    require_integer("layer", layer, 0, len(capture.layers) - 1, "layers are counted from 0")
    captured = capture.layers[layer]
    if not captured.chunks:
        with_maps = [index for index, other in enumerate(capture.layers) if other.chunks]
        names = ", ".join(map(str, with_maps[:MAX_NAMED])) + (", …" if len(with_maps) > MAX_NAMED else "")
        raise UserError(f"Layer {layer} of this model is not an attention layer. Choose one that is: {names}.")
    require_integer("head", head, 0, captured.n_heads - 1, "heads are counted from 0")
    return captured


def refuse_without_maps(lm: LanguageModel, capture: Capture) -> None:
    """Raises UserError, with the reason, for a model whose maps are not available or failed their check."""
    check = next((check for check in lm.card.checks if check.name == MAPS), None)
    if lm.card.streamed_maps and not capture.layers:
        raise UserError(
            f"{lm.card.model_id!r} gives whole attention maps, one layer a pass, and not the queries and keys "
            "behind them. The map of the selected head is there; this view would need more."
        )
    if capture.layers and (check is None or check.passed):
        return
    reason = check.how if check is not None else "nothing was captured"
    if check is not None and check.error == check.error:
        reason = f"{reason}; it is {check.error:.1e}, and {check.tolerance:.0e} is allowed"
    rest = "Everything else" if lm.card.n_heads else "What needs attention, or keys and values, is off; all else"
    raise UserError(f"No attention maps for {lm.card.model_id!r}: {reason}. {rest} on this page works.")


def _pooled(layer: LayerCapture, queries, keys, block: int, rule: str, head: int | None = None) -> Tensor:
    """Pooled weights (n_heads or 1, rows, columns), computed in strips of whole blocks to bound the memory."""
    n_heads = layer.n_heads if head is None else 1
    (start, stop), (key_start, key_stop) = queries, keys
    step = max(1, WEIGHTS_AT_ONCE // (n_heads * max(stop, key_stop)) // block) * block
    strips = []
    for low in range(start, stop, step):
        rows = pattern_rows(layer, low, min(low + step, stop), key_stop, head)
        strips.append(pool(rows[..., key_start:], block, rule))
    return torch.cat(strips, dim=1)


def _block_sizes(length: int, block: int) -> Tensor:
    """The number of entries in each block of a length: `block`, or fewer in the last one."""
    return torch.tensor([float(min(block, length - low)) for low in range(0, length, block)])


def _largest(weights: Tensor) -> TopWeights:
    top = weights.topk(min(TOP, len(weights)))
    is_positive = top.values > 0
    return TopWeights(
        top.indices[is_positive].numpy().copy(), top.values[is_positive].numpy().copy(), float(weights.sum())
    )


def require_positions(capture: Capture, n_positions: int) -> None:
    """Raises UserError for more positions than have been forwarded."""
    hint = "these many positions have been through the model"
    require_integer("n_positions", n_positions, 1, capture.n_positions, hint)


def _require_rule(rule) -> None:
    if rule not in RULES:
        raise UserError(f"rule is {rule!r:.40}; it must be one of: {', '.join(RULES)}.")
