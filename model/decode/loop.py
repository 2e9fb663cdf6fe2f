"""The autoregressive loop: extends a trace token by token until the recipe's run is complete."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from model.decode.finish import finish_run
from model.decode.select import select
from model.network.forward import forward
from model.network.language_model import LanguageModel
from model.records.run import Run
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.timing import now


def decode_steps(lm: LanguageModel, trace: Trace, recipe: Recipe, n_steps: int) -> Iterator[Run]:
    """The run after its prefill, then after each of up to `n_steps` generated tokens.

    It ends earlier if the run has a stop reason. Tokens that the trace already has are not decoded again.
    """
    run = finish_run(lm, trace.run, recipe, 0)
    yield run
    while len(run.steps) < n_steps and not run.stop.kind:
        run = finish_run(lm, _extended(lm, trace, len(run.steps) + 1), recipe, len(run.steps) + 1)
        yield run


def _extended(lm: LanguageModel, trace: Trace, n_steps: int) -> Run:
    """The trace's run with at least `n_steps` generated tokens; missing ones are decoded."""
    with trace.lock:
        while len(trace.run.steps) < n_steps:
            trace.run = _decode_one(lm, trace)
        return trace.run


def _decode_one(lm: LanguageModel, trace: Trace) -> Run:
    steps, seconds = trace.run.steps, present(trace.run.prefill).forward_seconds
    if len(trace.logits) == len(steps):
        logits, seconds = _feed(lm, trace, steps[-1].token.id)
        trace.logits.append(logits)
    step = select(lm, trace.run, trace.logits[len(steps)], seconds)
    return replace(trace.run, steps=(*steps, step))


def _feed(lm: LanguageModel, trace: Trace, token_id: int) -> tuple[Tensor, float]:
    """The logits (vocab,) after one more token, and the seconds of its forward pass."""
    with lm.lock:
        started = now(lm.device)
        logits = forward(lm, [token_id], present(trace.cache), trace.capture)
        return logits, now(lm.device) - started
