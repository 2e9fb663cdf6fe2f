"""Cuts a KV cache to its first positions, where that is possible."""

import copy

from transformers import Cache
from transformers.cache_utils import DynamicLayer

from model.network.cache_layers import keys_and_values
from model.network.forward import Prefix
from model.runtime.present import present


def can_be_cut(cache: Cache | None) -> bool:
    """False for a cache that evicts positions, that holds other states than keys and values, or that does not exist."""
    if cache is None or isinstance(cache, Prefix):
        return False
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def cut_cache(cache: Cache, n_positions: int) -> Cache:
    """The first `n_positions` of a cache, as views: a cache grows by allocating new tensors, so sharing is safe."""
    cut = copy.copy(cache)
    cut.__dict__["layers"] = [_cut_layer(layer, n_positions) for layer in cache.layers]
    return cut


def _cut_layer(layer: object, n_positions: int) -> DynamicLayer:
    assert isinstance(layer, DynamicLayer), "can_be_cut() has looked"
    cut, (keys, values) = copy.copy(layer), present(keys_and_values(layer))
    cut.keys, cut.values = keys[..., :n_positions, :], values[..., :n_positions, :]
    return cut
