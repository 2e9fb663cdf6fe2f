"""The keys and values in the layers of a cache; layers of other kinds (recurrent states) have none."""

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import LinearAttentionCacheLayerMixin


def keys_and_values(layer: object) -> tuple[Tensor, Tensor] | None:
    """The keys and values (1, n_kv_heads, position, d_head) of a layer; None before the first pass, or without any."""
    keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
    return None if keys is None or values is None else (keys, values)


def has_states(cache: Cache) -> bool:
    """True if a layer keeps a state, recurrent or of a convolution, with or without keys and values."""
    return any(isinstance(layer, LinearAttentionCacheLayerMixin) for layer in cache.layers)


def kv_layers(cache: Cache) -> list[tuple[object, Tensor, Tensor]]:
    """(layer, keys, values) for each layer that has keys and values."""
    layers = [(layer, keys_and_values(layer)) for layer in cache.layers]
    return [(layer, *both) for layer, both in layers if both is not None]
