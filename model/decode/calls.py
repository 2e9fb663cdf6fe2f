"""The engine's calls for decoding: the distribution of a step, beams, the prompt's surprisal."""

from collections.abc import Generator

import numpy as np

from model.decode.beams import beam_search
from model.decode.check_step import step_checks
from model.decode.next_token import step_distribution, step_logits
from model.decode.surprisal import prompt_surprisal
from model.records.decode import Beams, Distribution, PromptSurprisal
from model.records.progress import Progress
from model.records.run import Check
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.run.core import Core
from model.runtime.progress import with_progress


class DecodeCalls:
    """Calls for decoding."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def logits(self, recipe: Recipe, step: int) -> np.ndarray:
        """The raw logits that generated token `step` was chosen from: float32 (vocab,)."""
        return step_logits(self._core.trace(recipe), step).numpy().copy()

    def check_step(self, recipe: Recipe, step: int) -> tuple[Check, ...]:
        """The checks of generated token `step`: its numbers by a second route from its logits."""
        trace = self._core.trace(recipe)
        logits = step_logits(trace, step)
        if step >= len(trace.run.steps):
            raise UserError(
                f"Step {step} has not been computed; this run has {len(trace.run.steps)}. Decode further first."
            )
        prompt = trace.run.tokens.ids
        ids = (*prompt, *(one.token.id for one in trace.run.steps[:step]))
        return step_checks(trace.run.steps[step], logits.numpy(), ids, trace.recipe.sampling, len(prompt))

    def next_token(self, recipe: Recipe, k: int) -> Distribution:
        """The distribution of the first generated token: its `k` most likely tokens."""
        recipe = self._core.dated(recipe)
        for _ in self._core.run(recipe, 0):
            pass
        return step_distribution(self._lm, self._core.trace(recipe), 0, k)

    def beams(self, recipe: Recipe, num_beams: int, max_new_tokens: int) -> Beams:
        """The best continuations of the recipe's prompt by beam search."""
        return beam_search(self._lm, recipe, self._core.tokenize(recipe), num_beams, max_new_tokens)

    def prompt_surprisal(self, recipe: Recipe) -> Generator[Progress, None, PromptSurprisal]:
        """The surprisal of the prompt's tokens, from one more forward pass over them; yields progress."""
        tokens = self._core.tokenize(recipe)
        return with_progress(
            lambda report: prompt_surprisal(
                self._lm, tokens, lambda done, n: report(Progress("Scoring: layer", done, n))
            )
        )
