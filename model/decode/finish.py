"""Finishes a trace's run for a recipe: applies its limit and stop strings, and adds text and times."""

from dataclasses import replace

from model.network.language_model import LanguageModel
from model.records.run import DecodeStep, Run, StopReason
from model.request.recipe import Recipe
from model.runtime.present import present
from model.runtime.timing import now
from model.tokens.detokenize import text_of_ids


def finish_run(lm: LanguageModel, run: Run, recipe: Recipe, n_steps: int) -> Run:
    """A trace's run for this recipe: at most `n_steps` steps, with text, times and stop reason."""
    run = replace(run, recipe=recipe, steps=until_stop(run.steps[:n_steps], recipe.stop))
    first = run.steps[0] if run.steps else None
    run = replace(
        run,
        stop=stop_reason(lm, run) if run.prefill else StopReason(),
        ttft=_ttft(run, first) if first else None,
        itl=tuple(_seconds(step) for step in run.steps[1:]),
    )
    started = now(lm.device)
    text = text_of_ids(lm.vocabulary, [step.token.id for step in run.steps], run.tokens.ids)
    return replace(run, text=text, detokenize_seconds=now(lm.device) - started)


def _ttft(run: Run, first: DecodeStep) -> float:
    """Seconds from the text to the first token: tokenize, prefill (or reuse of an earlier one), select."""
    prefill_seconds = run.reuse_seconds if run.reused_positions else present(run.prefill).forward_seconds
    return run.tokens.seconds + prefill_seconds + first.sampling_seconds


def _seconds(step: DecodeStep) -> float:
    """The seconds that a token took in this run."""
    return step.sampling_seconds + (0.0 if step.reused else step.forward_seconds)


def text_of_steps(steps: tuple[DecodeStep, ...]) -> str:
    """The text of the steps, as far as its characters are complete."""
    return "".join(step.text for step in steps)


def until_stop(steps: tuple[DecodeStep, ...], stop: tuple[str, ...]) -> tuple[DecodeStep, ...]:
    """The steps up to the one that completes a stop string: a shared trace may have more."""
    if not stop:
        return steps
    text = ""
    for place, step in enumerate(steps):
        text += step.text
        if any(end in text for end in stop):
            return steps[: place + 1]
    return steps


def stop_reason(lm: LanguageModel, run: Run) -> StopReason:
    """Why a run ends after its last step; empty while it can continue."""
    if run.steps and (last := run.steps[-1]).token.id in lm.card.eos_token_ids:
        who = "you put in the" if last.forced else "the model gave its"
        return StopReason("eos", f"{who} end token {last.token.piece}")
    if stop := next((stop for stop in run.recipe.stop if stop in text_of_steps(run.steps)), None):
        return StopReason("stop", f"the stop string {stop!r} was written")
    if len(run.steps) >= run.recipe.max_new_tokens:
        return StopReason("limit", f"max_new_tokens = {run.recipe.max_new_tokens} reached")
    if lm.card.context and len(run.tokens) + len(run.steps) >= lm.card.context:
        return StopReason("context", f"the context of {lm.card.context:,} positions is full")
    return StopReason()
