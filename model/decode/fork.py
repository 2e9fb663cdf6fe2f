"""Starts a branch from an earlier run of the same prompt: the tokens that they share are not forwarded again.

A step is a function of its logits, the settings and the seed. So a new recipe is replayed on the earlier run's logits
until it selects another token; up to there the KV cache is shared.
"""

from dataclasses import replace

from torch import Tensor

from model.capture.capture import Capture, LayerCapture
from model.decode.finish import stop_reason
from model.decode.select import select
from model.network.cut_cache import cut_cache
from model.network.language_model import LanguageModel
from model.records.run import DecodeStep, Run, Tokens
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.timing import now


def fork(lm: LanguageModel, parents: list[Trace], recipe: Recipe, tokens: Tokens) -> Trace | None:
    """A trace for `recipe` that shares as many steps as possible with one of `parents`, traces of the same prompt.

    None if there is no parent.
    """
    if not parents:
        return None
    started = now(lm.device)
    parent = max(parents, key=lambda p: _n_compatible(p.run.steps, dict(recipe.forced)))
    with parent.lock:
        steps, n_logits = _replay(lm, parent, Run(recipe, tokens, parent.run.prefill))
        n_positions = len(tokens) + n_logits - 1
        cache, capture = cut_cache(present(parent.cache), n_positions), _cut_capture(parent.capture, n_positions)
        logits = parent.logits[:n_logits]
    seconds = now(lm.device) - started
    run = Run(recipe, tokens, parent.run.prefill, steps, reused_positions=n_positions, reuse_seconds=seconds)
    return Trace(recipe, run, capture, cache, logits)


def _n_compatible(steps: tuple[DecodeStep, ...], forced: dict[int, int]) -> int:
    """The number of a parent's steps before the first forced token that differs: a quick estimate of what is shared."""
    differs = [i for i, token_id in forced.items() if i < len(steps) and steps[i].token.id != token_id]
    return min(differs, default=len(steps))


def _replay(lm: LanguageModel, parent: Trace, run: Run) -> tuple[tuple[DecodeStep, ...], int]:
    """The steps that follow from the parent's logits, and how many of its logits they use."""
    for index, logits in enumerate(parent.logits):
        theirs = parent.run.steps[index] if index < len(parent.run.steps) else None
        seconds = theirs.forward_seconds if theirs else 0.0
        step = replace(select(lm, run, logits, seconds), reused=True)
        run = replace(run, steps=(*run.steps, step))
        ended = stop_reason(lm, replace(run, recipe=replace(run.recipe, max_new_tokens=10**5, stop=()))).kind
        if theirs is None or step.token.id != theirs.token.id or ended:
            break
    return run.steps, len(run.steps)


def _cut_capture(capture: Capture, n_positions: int) -> Capture:
    def first(pieces: list[Tensor]) -> list[Tensor]:
        return [pieces[0][:, :n_positions]] if len(pieces) == 1 else pieces

    layers = [
        LayerCapture(
            chunks=[chunk for chunk in layer.chunks if chunk.stop <= n_positions],
            keys=first(layer.keys),
            values=first(layer.values),
            module=layer.module,
        )
        for layer in capture.layers
    ]
    return Capture(layers, n_positions)
