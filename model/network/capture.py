"""Keeps what each attention call saw (query, key, value, mask) so that any map can be computed later.

Registered with transformers' `AttentionInterface`, it stores references and then calls SDPA, or the
model's own eager attention where that knows more. No attention map exists until somebody looks.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from model.network.masks import Bands, seen_keys, with_chosen

# Neither name holds "sdpa": transformers refuses such a name for families whose own SDPA is untested.
SDPA = "captured"
EAGER = "captured_eager"
KEPT_EXTRAS = ("softcap", "s_aux", "sinks", "position_bias")
PIECES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class QueryChunk:
    """The queries (n_heads, q, d_head) of one forward pass in one layer, of positions from `start`.

    Row r sees the keys from position `first[r]` to its own: causal, or a sliding window. What is not such
    a band keeps its `mask`, broadcastable to (n_heads, q, k), whose first column is position `first[0]`.
    """

    start: int
    query: Tensor
    first: Tensor
    mask: Tensor | None
    scaling: float
    extras: dict

    @property
    def stop(self) -> int:
        return self.start + self.query.shape[1]

    @property
    def is_plain(self) -> bool:
        """True when nothing but position decides what a row sees, so that chunks can be read as one."""
        by_query = any(torch.is_tensor(extra) and extra.ndim == 4 for extra in self.extras.values())
        return self.mask is None and not by_query


@dataclass
class LayerCapture:
    """One layer's attention so far: all queries, keys and values, whatever the cache has let go.

    `pattern` (n_heads, query, key) stands in their place where a model gives nothing but its maps.
    """

    chunks: list[QueryChunk] = field(default_factory=list)
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    module: nn.Module | None = None
    pattern: Tensor | None = None

    @property
    def key(self) -> Tensor:
        """(n_kv_heads, n_positions, d_head)"""
        return _joined(self.keys)

    @property
    def value(self) -> Tensor:
        """(n_kv_heads, n_positions, d_head)"""
        return _joined(self.values)

    @property
    def n_heads(self) -> int:
        return self.chunks[0].query.shape[0]

    def chunk_of(self, position: int) -> QueryChunk | None:
        """The chunk that holds a position's query; None when it has not been through the model."""
        return next((c for c in reversed(self.chunks) if c.start <= position < c.stop), None)


@dataclass
class Capture:
    """Every layer's attention of one sequence. `n_positions` counts what has been forwarded.

    A layer without attention (a hybrid's recurrent layers) has no chunks; a model without any has no layers.
    """

    layers: list[LayerCapture] = field(default_factory=list)
    n_positions: int = 0

    def nbytes(self) -> int:
        """Bytes held, each tensor counted once."""
        held = {}
        for layer in self.layers:
            masks = [chunk.mask for chunk in layer.chunks if chunk.mask is not None]
            queries = [chunk.query for chunk in layer.chunks]
            held |= {t.data_ptr(): t.nbytes for t in (*layer.keys, *layer.values, *queries, *masks)}
        return sum(held.values())


@dataclass
class _Pass:
    """One forward pass under way. `bands` has what was found out about each mask; layers share masks."""

    capture: Capture
    n_new: int
    calls: int = 0
    bands: Bands = field(default_factory=dict)


_current: ContextVar[_Pass | None] = ContextVar("capture of the forward pass under way", default=None)


@contextmanager
def capturing(capture: Capture, n_new: int) -> Iterator[None]:
    """Inside, one forward pass over `n_new` further positions is recorded into `capture`."""
    token = _current.set(_Pass(capture, n_new))
    try:
        yield
        capture.n_positions += n_new
    finally:
        _current.reset(token)


def register() -> None:
    """Makes both captured implementations known to transformers."""
    AttentionInterface.register(SDPA, _attention(sdpa_attention_forward))
    AttentionMaskInterface.register(SDPA, sdpa_mask)
    AttentionInterface.register(EAGER, _attention(_own_eager))
    AttentionMaskInterface.register(EAGER, eager_mask)


def _attention(inner):
    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        under_way = _current.get()
        if (indices := kwargs.get("indices")) is not None:
            # Sparse families leave the choice of keys to the kernel under any name but transformers' own two.
            attention_mask = with_chosen(attention_mask, indices, key.shape[2])
        if under_way is not None:
            extras = {k: kwargs[k] for k in KEPT_EXTRAS if kwargs.get(k) is not None}
            _record(under_way, module, query, key, value, attention_mask, scaling, extras)
        return inner(module, query, key, value, attention_mask, scaling=scaling, **kwargs)

    return attention


def _own_eager(module, *args, **kwargs):
    """The eager attention of the model's own file: it knows what SDPA drops (sinks, softcap)."""
    return sys.modules[type(module).__module__].eager_attention_forward(module, *args, **kwargs)


def _record(under_way: _Pass, module, query, key, value, mask, scaling, extras) -> None:
    start = under_way.capture.n_positions
    layer = _layer_of(under_way, module)
    # A second call in one pass is not what this can show; the self-check on load finds such models.
    if layer.chunks and layer.chunks[-1].start >= start:
        return
    n_new, n_keys = query.shape[2], key.shape[2]
    first_key = start + n_new - n_keys
    first, mask = seen_keys(under_way.bands, mask, first_key, start, n_new, n_keys)
    scaling = scaling if scaling is not None else query.shape[-1] ** -0.5
    layer.chunks.append(QueryChunk(start, _alone(query[0]), first, mask, scaling, extras))
    layer.keys = _extended(layer.keys, key[0], n_new, first_key)
    layer.values = _extended(layer.values, value[0], n_new, first_key)
    layer.module = module


def _layer_of(under_way: _Pass, module: nn.Module) -> LayerCapture:
    """The layer by the number its module bears, else by the order of the calls."""
    index = getattr(module, "layer_idx", None)
    index = under_way.calls if index is None else index
    under_way.calls += 1
    layers = under_way.capture.layers
    layers.extend(LayerCapture() for _ in range(index + 1 - len(layers)))
    return layers[index]


def _extended(pieces: list[Tensor], tensor: Tensor, n_new: int, first_key: int) -> list[Tensor]:
    """All positions' keys or values: the cache's newest tensor if it has them all, else with the new ones."""
    if first_key == 0 or not pieces:
        return [tensor]
    if len(pieces) > PIECES_AT_ONCE:
        pieces = [torch.cat(pieces, dim=1)]
    return [*pieces, tensor[:, -n_new:].clone()]


def _joined(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


def _alone(tensor: Tensor) -> Tensor:
    """A view of a fused q, k, v projection would keep all three."""
    return tensor if tensor.untyped_storage().nbytes() <= tensor.nbytes else tensor.clone()
