"""The engine's call about batching."""

from collections.abc import Iterator
from dataclasses import replace

from model.batching.both_ways import serve_both
from model.network.language_model import LanguageModel
from model.records.batching import BatchingRun, Request
from model.request.recipe import Recipe
from model.runtime.progress import Progress


class BatchingCalls:
    """For an engine that has `lm`, `budget()` and `tokenize(recipe)`."""

    lm: LanguageModel

    def batching(self, recipe: Recipe, requests: tuple[Request, ...]) -> Iterator[Progress | BatchingRun]:
        """The requests served statically and continuously, with the recipe's chat template where it has one on."""
        prompts = [self.tokenize(replace(recipe, prompt=request.prompt, forced=())).ids for request in requests]
        return serve_both(self.lm, requests, prompts, self.budget())
