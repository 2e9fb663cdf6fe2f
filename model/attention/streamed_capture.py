"""Captures one layer's maps of a run, for families that only return whole maps."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.capture.capture import Capture, LayerCapture, QueryChunk
from model.network.language_model import LanguageModel
from model.network.streamed import streamed_maps
from model.request.errors import UserError
from model.run.trace import Trace

# All maps of a layer are in memory: 64 MB for 16 heads at this length, and a few times that while they are computed.
MAX_POSITIONS = 1024


def streamed_capture(lm: LanguageModel, trace: Trace, ids: Sequence[int], layer: int) -> Capture:
    """A capture with one layer's maps of the run, cached in the trace until another layer is requested.

    Raises UserError for a run of more than MAX_POSITIONS positions.
    """
    if len(ids) > MAX_POSITIONS:
        raise UserError(
            f"This run has {len(ids):,} positions. {lm.card.model_id!r} gives whole maps only, and they are "
            f"made for up to {MAX_POSITIONS:,}. Use a shorter prompt."
        )
    capture = trace.streamed
    if capture is None or capture.n_positions != len(ids) or not capture.layers[layer].chunks:
        with lm.lock:
            maps, _ = streamed_maps(lm, ids, (layer,))
        layers = [LayerCapture() for _ in lm.anatomy.blocks]
        if layer in maps:
            layers[layer] = as_layer(maps[layer])
        capture = trace.streamed = Capture(layers, len(ids))
    return capture


def as_layer(maps: Tensor) -> LayerCapture:
    """Maps (n_heads, query, key) as a captured layer: it has a pattern, and queries without components."""
    n_heads, n, _ = maps.shape
    rows = QueryChunk(0, maps.new_empty(n_heads, n, 0), torch.zeros(n, dtype=torch.long), None, 1.0, {})
    return LayerCapture(chunks=[rows], pattern=maps)
