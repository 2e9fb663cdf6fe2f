"""Cuts a KV cache to its first positions, where that is possible."""

import copy

from transformers import Cache
from transformers.cache_utils import DynamicLayer

from model.network.forward import Prefix


def can_be_cut(cache: Cache | None) -> bool:
    """False for a cache that evicts positions, that holds other states than keys and values, or that does not exist."""
    if cache is None or isinstance(cache, Prefix):
        return False
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def cut_cache(cache: Cache, n_positions: int) -> Cache:
    """The first `n_positions` of a cache, as views: a cache grows by allocating new tensors, so sharing is safe."""
    cut = copy.copy(cache)
    cut.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in cut.layers:
        layer.keys, layer.values = layer.keys[..., :n_positions, :], layer.values[..., :n_positions, :]
    return cut
