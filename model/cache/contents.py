"""The contents of the KV cache: shapes, dtype and bytes, read from the cache's own tensors."""

from dataclasses import replace

from torch import Tensor
from transformers.cache_utils import DynamicLayer

from model.cache.check_bytes import bytes_checks
from model.records.prefill import KVCacheRecord, LayerCache
from model.run.trace import Trace
from model.runtime.present import present


def describe_cache(trace: Trace) -> KVCacheRecord:
    """Describes each layer of a run's cache. A layer without attention (mamba, hybrids) has no keys and is left out.

    A sliding window of w keeps at most w - 1 positions between two passes, because the next pass adds its own.
    """
    n_positions = len(trace.fed_ids)
    layers = tuple(
        _layer_cache(index, layer, n_positions)
        for index, layer in enumerate(present(trace.cache).layers)
        if getattr(layer, "keys", None) is not None
    )
    n_heads = {index: x.n_heads for index, x in enumerate(trace.capture.layers) if x.chunks}
    shared = [n_heads.get(layer.layer, layer.key_shape[1]) // layer.key_shape[1] for layer in layers]
    record = KVCacheRecord(
        layers=layers,
        bytes=sum(layer.bytes for layer in layers),
        bytes_per_token=sum(_per_token(layer) for layer in layers),
        bytes_without_sharing=sum(layer.bytes * times for layer, times in zip(layers, shared, strict=True)),
        n_positions=n_positions,
        n_heads=max(n_heads.values(), default=0),
        n_kv_heads=max((layer.key_shape[1] for layer in layers), default=0),
    )
    return replace(record, checks=bytes_checks(record, present(trace.cache)))


def _layer_cache(index: int, layer, n_positions: int) -> LayerCache:
    """The first `n_positions` of a layer that keeps all positions; for one with a window, its current contents."""

    def first(tensor: Tensor) -> Tensor:
        return tensor[..., :n_positions, :] if type(layer) is DynamicLayer else tensor

    keys, values = first(layer.keys), first(layer.values)
    return LayerCache(
        layer=index,
        key_shape=tuple(keys.shape),
        value_shape=tuple(values.shape),
        dtype=str(keys.dtype).removeprefix("torch."),
        bytes=keys.nbytes + values.nbytes,
        window=getattr(layer, "sliding_window", None),
    )


def _per_token(layer: LayerCache) -> int:
    n_cached = layer.key_shape[-2]
    is_full = layer.window is not None and n_cached >= layer.window - 1
    return 0 if is_full or not n_cached else layer.bytes // n_cached
