"""Tokens to a filled KV cache: one forward pass over all prompt positions at once."""

from collections.abc import Callable

from torch import Tensor
from transformers import Cache

from model.network.capture import Capture
from model.network.forward import forward, layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.records.run import Prefill, Tokens
from model.runtime.timing import now, timing


def prefill(
    lm: LanguageModel, tokens: Tokens, on_layer: Callable[[int, int], None]
) -> tuple[Prefill, Capture, Cache, Tensor]:
    """Runs the prompt: timings, what every layer attended to, the cache, and logits (vocab,) for the next token."""
    capture, cache = Capture(), new_cache(lm)
    parts = {"embed": lm.anatomy.embed, "head": lm.anatomy.head}
    with layer_progress(lm, on_layer), timing(parts, lm.device) as seconds:
        started = now(lm.device)
        logits = forward(lm, tokens.ids, cache, capture)
        forward_seconds = now(lm.device) - started
    record = Prefill(
        n_tokens=len(tokens),
        forward_seconds=forward_seconds,
        embed_seconds=seconds["embed"],
        head_seconds=seconds["head"],
    )
    return record, capture, cache, logits
