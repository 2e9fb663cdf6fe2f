"""The engine's call about batching."""

from collections.abc import Iterator
from dataclasses import replace

from model.batching.both_ways import serve_both
from model.records.batching import BatchingRun, Request
from model.request.recipe import Recipe
from model.run.core import Core
from model.runtime.progress import Progress


class BatchingCalls:
    """What may be asked about batching."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def serve_both(self, recipe: Recipe, requests: tuple[Request, ...]) -> Iterator[Progress | BatchingRun]:
        """The requests served statically and continuously, with the recipe's chat template where it has one on."""
        prompts = [self._core.tokenize(replace(recipe, prompt=request.prompt, forced=())).ids for request in requests]
        return serve_both(self._lm, requests, prompts, self._core.budget())
