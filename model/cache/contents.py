"""What the KV cache holds: shapes, dtype and bytes, read from the cache's own tensors."""

from torch import Tensor
from transformers.cache_utils import DynamicLayer

from model.records.prefill import KVCacheRecord, LayerCache
from model.run.trace import Trace
from model.runtime.present import present


def describe_cache(trace: Trace) -> KVCacheRecord:
    """One entry a layer. A layer without attention (mamba, hybrids) has no keys and is left out.

    A sliding window of w keeps at most w - 1 positions between two passes: the next one brings its own.
    """
    n_positions = len(trace.fed_ids)
    layers = tuple(
        _layer_cache(index, layer, n_positions)
        for index, layer in enumerate(present(trace.cache).layers)
        if getattr(layer, "keys", None) is not None
    )
    n_heads = {index: x.n_heads for index, x in enumerate(trace.capture.layers) if x.chunks}
    shared = [n_heads.get(layer.layer, layer.key_shape[1]) // layer.key_shape[1] for layer in layers]
    return KVCacheRecord(
        layers=layers,
        bytes=sum(layer.bytes for layer in layers),
        bytes_per_token=sum(_per_token(layer) for layer in layers),
        bytes_without_sharing=sum(layer.bytes * times for layer, times in zip(layers, shared, strict=True)),
        n_positions=n_positions,
        n_heads=max(n_heads.values(), default=0),
        n_kv_heads=max((layer.key_shape[1] for layer in layers), default=0),
    )


def _layer_cache(index: int, layer, n_positions: int) -> LayerCache:
    """Of a layer that keeps all positions, the first `n_positions`; of one that forgets, what it holds now."""

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
    held = layer.key_shape[-2]
    full = layer.window is not None and held >= layer.window - 1
    return 0 if full or not held else layer.bytes // held
