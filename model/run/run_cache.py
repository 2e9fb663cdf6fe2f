"""Restores a run's KV cache to its state after the first positions, so that some of them can be forwarded again."""

from transformers import Cache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from model.capture.capture import Capture
from model.network.cache_layers import keys_and_values
from model.network.cut_cache import can_be_cut, cut_cache
from model.network.forward import new_cache
from model.network.language_model import LanguageModel
from model.run.trace import Trace

# A model whose keys and values are not all captured is forwarded from its first token on, in about a second.
MAX_FORWARDED = 512


def has_all_keys(capture: Capture) -> bool:
    """True if every layer's attention was captured."""
    return bool(capture.layers) and all(layer.chunks for layer in capture.layers)


def cache_before(lm: LanguageModel, trace: Trace, n: int) -> Cache | None:
    """A KV cache of the first `n` positions: the run's own, cut, or one built from the captured keys and values.

    None if neither is possible (recurrent layers, keys cached as a latent vector); then all must be forwarded again.
    """
    own = trace.cache
    if own is not None and can_be_cut(own) and own.get_seq_length() >= n:
        return cut_cache(own, n)
    if not has_all_keys(trace.capture) or not _matches_capture(trace):
        return None
    cache = new_cache(lm)
    for index, layer in enumerate(trace.capture.layers if n else ()):
        cache.update(layer.key[None, :, :n], layer.value[None, :, :n], index)
    return cache


def _matches_capture(trace: Trace) -> bool:
    """False for a cache with other states, or with keys of another shape than those in attention."""
    if trace.cache is None or len(trace.cache.layers) != len(trace.capture.layers):
        return False
    return all(
        type(cached) in (DynamicLayer, DynamicSlidingWindowLayer)
        and (held := keys_and_values(cached)) is not None
        and held[0].shape[1::2] == captured.key.shape[::2]
        and held[1].shape[1::2] == captured.value.shape[::2]
        for cached, captured in zip(trace.cache.layers, trace.capture.layers, strict=True)
    )
