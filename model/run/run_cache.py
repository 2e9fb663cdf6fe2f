"""A run's KV cache as it was after its first positions, for a second look at one of them."""

from transformers import Cache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from model.network.capture import Capture
from model.network.cut_cache import can_be_cut, cut_cache
from model.network.forward import new_cache
from model.network.language_model import LanguageModel
from model.run.trace import Trace


def has_all_keys(capture: Capture) -> bool:
    """True when every layer's attention was captured."""
    return bool(capture.layers) and all(layer.chunks for layer in capture.layers)


def cache_before(lm: LanguageModel, trace: Trace, n: int) -> Cache | None:
    """A KV cache of the first `n` positions: the run's own, cut, or one made of what was captured of it.

    None where neither is all a cache needs (recurrent layers, keys kept as a latent vector): forward all again.
    """
    if can_be_cut(trace.cache) and trace.cache.get_seq_length() >= n:
        return cut_cache(trace.cache, n)
    if not has_all_keys(trace.capture) or not _holds_what_was_captured(trace):
        return None
    cache = new_cache(lm)
    for index, layer in enumerate(trace.capture.layers if n else ()):
        cache.update(layer.key[None, :, :n], layer.value[None, :, :n], index)
    return cache


def _holds_what_was_captured(trace: Trace) -> bool:
    """False for a cache with other states, or with keys of another shape than attention sees."""
    if trace.cache is None or len(trace.cache.layers) != len(trace.capture.layers):
        return False
    return all(
        type(held) in (DynamicLayer, DynamicSlidingWindowLayer)
        and held.keys.shape[1::2] == captured.key.shape[::2]
        and held.values.shape[1::2] == captured.value.shape[::2]
        for held, captured in zip(trace.cache.layers, trace.capture.layers, strict=True)
    )
