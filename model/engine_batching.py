"""The engine's call about batching."""

from collections.abc import Iterator
from dataclasses import replace

from model.batching import serve_both
from model.language_model import LanguageModel
from model.progress import Progress
from model.recipe import Recipe
from model.records_batching import BatchingRun, Request


class BatchingCalls:
    """For an engine that has `lm`, `budget()` and `tokenize(recipe)`."""

    lm: LanguageModel

    def batching(self, recipe: Recipe, requests: tuple[Request, ...]) -> Iterator[Progress | BatchingRun]:
        """The requests served statically and continuously, with the recipe's chat template where it has one on."""
        prompts = [self.tokenize(replace(recipe, prompt=request.prompt, forced=())).ids for request in requests]
        return serve_both(self.lm, requests, prompts, self.budget())
