"""Checks the sizes of a KV cache by counting the bytes of every tensor that its layers hold."""

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from model.records.prefill import KVCacheRecord
from model.records.run import Check

HELD = "bytes = the cache's tensors"


def bytes_checks(shown: KVCacheRecord, cache: Cache) -> tuple[Check, ...]:
    """Compares the bytes of a record with the tensors of the live cache."""
    return () if not shown.layers else (_held_check(shown, cache),)


def _held_check(shown: KVCacheRecord, cache: Cache) -> Check:
    held = sum(_held(layer, shown.n_positions) for layer in cache.layers)
    how = f"the total against all tensors of the live cache with a row for each position, by any name: {held:,} bytes"
    return Check(HELD, float(abs(shown.bytes - held)), 0.0, how)


def _held(layer: object, n_positions: int) -> int:
    """The bytes of the first `n_positions` of all tensors (batch, head, position, width) in one layer, by any name."""
    tensors = [value for value in vars(layer).values() if torch.is_tensor(value) and value.ndim == 4]
    # A run that is shown to an earlier step: the cache has more by now.
    kept = [min(t.shape[-2], n_positions) if type(layer) is DynamicLayer else t.shape[-2] for t in tensors]
    return sum(t.nbytes // max(1, t.shape[-2]) * n for t, n in zip(tensors, kept, strict=True))
