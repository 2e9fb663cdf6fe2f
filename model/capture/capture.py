"""Stores the inputs of each attention call (query, key, value, mask), so that any map can be computed later.

Registered with transformers' `AttentionInterface`, it stores references and then calls SDPA, or the model's own eager
attention where SDPA would ignore an argument. No attention map is computed until it is requested.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from model.capture.masks import Bands, hide_unchosen, visible_keys
from model.capture.reference import keep_reference, own_eager

# Neither name contains "sdpa": transformers rejects such a name for families whose own SDPA is untested.
SDPA = "captured"
EAGER = "captured_eager"
KEPT_EXTRAS = ("softcap", "s_aux", "sinks", "position_bias")
PIECES_AT_ONCE = 64

# Receives a layer's index and its heads' values z (1, query, n_heads, d_v); the model goes on with what it returns.
OnHeads = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class QueryChunk:
    """The queries (n_heads, q, d_head) of one forward pass in one layer, for the positions from `start` on.

    Row r sees the keys from position `first[r]` to its own: a causal mask, or a sliding window. Any other `mask` is
    stored, broadcastable to (n_heads, q, k); its first column is position `first[0]`.
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
        """True if only positions determine what a row sees, so that chunks can be concatenated."""
        by_query = any(torch.is_tensor(extra) and extra.ndim == 4 for extra in self.extras.values())
        return self.mask is None and not by_query


@dataclass
class LayerCapture:
    """One layer's attention so far: all queries, keys and values, even those that the cache has evicted.

    `pattern` (n_heads, query, key) replaces them for a model that only returns its maps. `repeated`: the module attends
    more than once per pass (diffllama), and the first call was kept.
    """

    chunks: list[QueryChunk] = field(default_factory=list)
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    module: nn.Module | None = None
    pattern: Tensor | None = None
    repeated: bool = False

    @property
    def key(self) -> Tensor:
        """(n_kv_heads, n_positions, d_head)"""
        return _concatenate(self.keys)

    @property
    def value(self) -> Tensor:
        """(n_kv_heads, n_positions, d_value)"""
        return _concatenate(self.values)

    @property
    def n_heads(self) -> int:
        return self.chunks[0].query.shape[0]

    def chunk_of(self, position: int) -> QueryChunk | None:
        """The chunk with the query of a position; None if the position has not been forwarded."""
        return next((c for c in reversed(self.chunks) if c.start <= position < c.stop), None)


@dataclass
class Capture:
    """The attention of all layers over one sequence. `n_positions` is the number of forwarded positions.

    A layer without attention (in a hybrid) has no chunks; a model without any attention has no layers.
    """

    layers: list[LayerCapture] = field(default_factory=list)
    n_positions: int = 0

    def nbytes(self) -> int:
        """Size in bytes, each tensor counted once."""
        sizes = {}
        for layer in self.layers:
            masks = [chunk.mask for chunk in layer.chunks if chunk.mask is not None]
            queries = [chunk.query for chunk in layer.chunks]
            sizes |= {t.data_ptr(): t.nbytes for t in (*layer.keys, *layer.values, *queries, *masks)}
        return sum(sizes.values())


@dataclass
class _Pass:
    """The forward pass that is being recorded. `bands` caches the analysis of each mask; layers share masks."""

    capture: Capture
    n_new: int
    on_heads: OnHeads | None = None
    calls: int = 0
    bands: Bands = field(default_factory=dict)


_current: ContextVar[_Pass | None] = ContextVar("capture of the current forward pass", default=None)


@contextmanager
def capturing(capture: Capture, n_new: int, on_heads: OnHeads | None = None) -> Iterator[None]:
    """Records one forward pass over `n_new` further positions into `capture`; `on_heads` sees every layer's values."""
    token = _current.set(_Pass(capture, n_new, on_heads))
    try:
        yield
        capture.n_positions += n_new
    finally:
        _current.reset(token)


def register() -> None:
    """Registers both capturing implementations with transformers."""
    AttentionInterface.register(SDPA, _attention(sdpa_attention_forward))
    AttentionMaskInterface.register(SDPA, sdpa_mask)
    AttentionInterface.register(EAGER, _attention(own_eager))
    AttentionMaskInterface.register(EAGER, eager_mask)


def _attention(inner):
    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        recorded_pass = _current.get()
        if (indices := kwargs.get("indices")) is not None:
            # Sparse families select keys in the kernel unless the implementation is one of transformers' own two.
            attention_mask = hide_unchosen(attention_mask, indices, key.shape[2])
        if recorded_pass is None:
            return inner(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        extras = {k: kwargs[k] for k in KEPT_EXTRAS if kwargs.get(k) is not None}
        layer = _record(recorded_pass, module, query, key, value, attention_mask, scaling, extras)
        z, weights = inner(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        if layer is not None:
            keep_reference(module, query, key, value, attention_mask, scaling, kwargs, z)
        if layer is not None and recorded_pass.on_heads is not None:
            z = recorded_pass.on_heads(layer, z)
        return z, weights

    return attention


def _record(recorded_pass: _Pass, module, query, key, value, mask, scaling, extras) -> int | None:
    """Records one call; returns the index of its layer, or None for a call that is not recorded."""
    start = recorded_pass.capture.n_positions
    index = _layer_index(recorded_pass, module)
    layer = recorded_pass.capture.layers[index]
    # Only one call per pass can be represented; the self-check at load rejects models whose maps need another.
    if layer.chunks and layer.chunks[-1].start >= start:
        layer.repeated = True
        return None
    n_new, n_keys = query.shape[2], key.shape[2]
    first_key = start + n_new - n_keys
    first, mask = visible_keys(recorded_pass.bands, mask, first_key, start, n_new, n_keys)
    scaling = scaling if scaling is not None else query.shape[-1] ** -0.5
    layer.chunks.append(QueryChunk(start, _own_storage(query[0]), first, mask, scaling, extras))
    layer.keys = _extend(layer.keys, key[0], n_new, first_key)
    layer.values = _extend(layer.values, value[0], n_new, first_key)
    layer.module = module
    return index


def _layer_index(recorded_pass: _Pass, module: nn.Module) -> int:
    """The layer's index by its module's `layer_idx`, or else by the order of the calls."""
    index = getattr(module, "layer_idx", None)
    index = recorded_pass.calls if index is None else index
    recorded_pass.calls += 1
    layers = recorded_pass.capture.layers
    layers.extend(LayerCapture() for _ in range(index + 1 - len(layers)))
    return index


def _extend(pieces: list[Tensor], tensor: Tensor, n_new: int, first_key: int) -> list[Tensor]:
    """Keys or values of all positions: the latest tensor of the cache if it is complete, else one more piece."""
    if first_key == 0 or not pieces:
        return [tensor]
    if len(pieces) > PIECES_AT_ONCE:
        pieces = [torch.cat(pieces, dim=1)]
    return [*pieces, tensor[:, -n_new:].clone()]


def _concatenate(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


def _own_storage(tensor: Tensor) -> Tensor:
    """Copies a view of a fused q, k, v projection, which would keep all three in memory."""
    return tensor if tensor.untyped_storage().nbytes() <= tensor.nbytes else tensor.clone()
