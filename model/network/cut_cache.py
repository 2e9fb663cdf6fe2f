"""A KV cache to its first positions, where that is possible."""

import copy

from transformers import Cache
from transformers.cache_utils import DynamicLayer

from model.network.forward import Prefix


def can_be_cut(cache: Cache | None) -> bool:
    """False for a cache that forgets, or holds more than keys and values, or none."""
    if cache is None or isinstance(cache, Prefix):
        return False
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def cut_cache(cache: Cache, n_positions: int) -> Cache:
    """The first positions of a cache. It grows by making new tensors, so views can be shared."""
    cut = copy.copy(cache)
    cut.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in cut.layers:
        layer.keys, layer.values = layer.keys[..., :n_positions, :], layer.values[..., :n_positions, :]
    return cut
