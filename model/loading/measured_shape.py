"""Measures the shapes of a model's attention and cache in a short pass, because a config may omit or misstate them.

Latent attention (MLA) computes with wider keys than it caches, hybrids have attention in some layers only, and the
configs of MQA models of several families have no number of key heads.
"""

from dataclasses import replace

from torch import Tensor

from model.capture.capture import Capture
from model.network.cache_layers import kv_layers
from model.network.forward import forward, new_cache
from model.network.language_model import LanguageModel

N_POSITIONS = 8


def measure_shapes(lm: LanguageModel) -> LanguageModel:
    """The model with the measured shapes on its card; if nothing was captured, those from the config stay."""
    card, capture, cache = lm.card, Capture(), new_cache(lm)
    n = min(N_POSITIONS, card.context or N_POSITIONS)
    with lm.lock:
        forward(lm, [(17 * i + 3) % card.n_vocab for i in range(n)], cache, capture)
    kept = [held for held in kv_layers(cache) if held[1].shape[-2]]
    captured = next((layer for layer in capture.layers if layer.chunks), None)
    compressed = bool(getattr(lm.model.config.get_text_config(), "kv_lora_rank", None))
    n_kv_heads, d_head, d_value = card.n_kv_heads, card.d_head, card.d_head
    if captured is not None:
        n_kv_heads, d_head, d_value = len(captured.key), captured.key.shape[-1], captured.value.shape[-1]
    elif kept and not compressed:
        _, keys, values = kept[0]
        n_kv_heads, d_head, d_value = keys.shape[1], keys.shape[-1], values.shape[-1]
    latent = compressed and bool(kept) and _numbers(*kept[0][1:]) != n_kv_heads * (d_head + d_value)
    if kept and not latent:
        # Some families repeat keys and values for all query heads before attention.
        n_kv_heads = min(n_kv_heads, kept[0][1].shape[1])
    shapes = tuple(
        (_numbers(keys, values), getattr(layer, "sliding_window", None) or 0) for layer, keys, values in kept
    )
    return replace(
        lm,
        card=replace(
            card,
            n_kv_heads=n_kv_heads,
            d_head=d_head,
            d_value=d_value,
            kv_latent=_numbers(*kept[0][1:]) if latent else 0,
            cache_layers=shapes,
        ),
    )


def _numbers(keys: Tensor, values: Tensor) -> int:
    """How many numbers a layer of the cache stores per position."""
    return (keys.numel() + values.numel()) // keys.shape[-2]
