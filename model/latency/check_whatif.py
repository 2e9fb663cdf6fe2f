"""Checks an estimate's formulas on the loaded model, whose cache and products can be counted."""

from model.cache.counted import counted
from model.cache.sizes import NUMBER_BYTES
from model.latency.estimate import CACHE_NUMBERS
from model.network.language_model import LanguageModel
from model.records.estimate import Estimate
from model.records.prefill import KVCacheRecord
from model.records.run import Check, not_made

KV, ATTENTION = "KV bytes = the live cache's", "attention FLOPs = counted"
TOLERANCE = 0.01


def whatif_checks(lm: LanguageModel, own: Estimate, live: KVCacheRecord) -> tuple[Check, ...]:
    """Compares an estimate for the loaded model with its run's live cache, and with the FLOPs that torch counts."""
    return (_kv_check(own, live), _attention_check(lm, own))


def _kv_check(own: Estimate, live: KVCacheRecord) -> Check:
    if empty := [layer.layer for layer in live.layers if not layer.key_shape[-2]]:
        return not_made(KV, 0.0, f"layer {empty[0]} keeps no position between two passes whose bytes could be counted")
    number = NUMBER_BYTES[CACHE_NUMBERS[own.cache_bits]]
    a_row = sum(layer.bytes / layer.key_shape[-2] / NUMBER_BYTES[layer.dtype] for layer in live.layers) * number
    how = (
        f"what a token adds to the cache of this model by the same formula, {own.kv_bytes_per_token:,.0f} bytes, "
        f"against the tensors of this run's cache with {own.cache_bits} bits a number, {a_row:,.0f}"
    )
    return Check(KV, abs(own.kv_bytes_per_token - a_row) / a_row, 0.0, how)


def _attention_check(lm: LanguageModel, own: Estimate) -> Check:
    count, shape, n = counted(lm), own.model.cache, own.n_prompt
    if count.reason or (shape.window and shape.window < n):
        reason = count.reason or f"in a window of {shape.window:,} short passes do not show what a longer one takes"
        return not_made(ATTENTION, TOLERANCE, reason)
    right = count.square * n * (n + 1) / 2
    ours = own.prefill_flops - 2.0 * n * own.model.n_active
    how = (
        f"attention's part of this model's prefill of {n:,} tokens by the same formula, {ours:.4g} FLOPs, against what "
        f"torch counts for a pair of positions, times the pairs that the causal mask allows, {right:.4g}"
    )
    return Check(ATTENTION, abs(ours - right) / max(right, 1.0), TOLERANCE, how)
