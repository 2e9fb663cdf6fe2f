"""Prefill: one forward pass over all positions of the prompt, which fills the KV cache."""

from collections.abc import Callable, Generator

from torch import Tensor
from transformers import Cache

from model.capture.capture import Capture
from model.network.forward import forward, layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.records.progress import Progress
from model.records.run import Prefill, Run, Tokens
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.runtime.progress import with_progress
from model.runtime.timing import now, timing


def start_trace(lm: LanguageModel, recipe: Recipe, tokens: Tokens) -> Generator[Progress, None, Trace]:
    """A trace of the recipe's prompt, as soon as the model is free; yields the progress by layer."""

    def work(report: Callable[[Progress], None]) -> Trace:
        report(Progress("Waiting for the model", 0, 1))
        with lm.lock:
            report(Progress("Prefill: layer", 0, lm.card.n_layers))
            record, capture, cache, logits = prefill(
                lm, tokens, lambda done, n: report(Progress("Prefill: layer", done, n))
            )
        return Trace(recipe, Run(recipe, tokens, record), capture, cache, [logits])

    return with_progress(work)


def prefill(
    lm: LanguageModel, tokens: Tokens, on_layer: Callable[[int, int], None]
) -> tuple[Prefill, Capture, Cache, Tensor]:
    """Runs the prompt. Returns the timings, the captured attention, the cache, and the logits (vocab,) for the next
    token.
    """
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
