"""A run of a family that gives whole maps only, to a capture that holds one layer of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.network.capture import Capture, LayerCapture, QueryChunk
from model.network.language_model import LanguageModel
from model.network.streamed import streamed_maps
from model.request.errors import UserError
from model.run.trace import Trace

# A layer's maps are held whole: 64 MB for 16 heads at this length, and a few times that while they are made.
MOST_POSITIONS = 1024


def streamed_capture(lm: LanguageModel, trace: Trace, ids: Sequence[int], layer: int) -> Capture:
    """A capture that has one layer's maps of the run. Kept in the trace until another layer is asked for.

    Raises UserError for a run that is too long to hold a layer's maps.
    """
    if len(ids) > MOST_POSITIONS:
        raise UserError(
            f"This run has {len(ids):,} positions. {lm.card.model_id!r} gives whole maps only, and they are "
            f"made for up to {MOST_POSITIONS:,}. Use a shorter prompt."
        )
    held = trace.streamed
    if held is None or held.n_positions != len(ids) or not held.layers[layer].chunks:
        with lm.lock:
            maps, _ = streamed_maps(lm, ids, (layer,))
        layers = [LayerCapture() for _ in lm.anatomy.blocks]
        if layer in maps:
            layers[layer] = as_layer(maps[layer])
        held = trace.streamed = Capture(layers, len(ids))
    return held


def as_layer(maps: Tensor) -> LayerCapture:
    """Maps (n_heads, query, key) as a captured layer: its queries have no components, its pattern is there."""
    n_heads, n, _ = maps.shape
    rows = QueryChunk(0, maps.new_empty(n_heads, n, 0), torch.zeros(n, dtype=torch.long), None, 1.0, {})
    return LayerCapture(chunks=[rows], pattern=maps)
