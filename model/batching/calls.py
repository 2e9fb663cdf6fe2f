"""The engine's call for batching."""

from collections.abc import Iterator
from dataclasses import replace

from model.batching.both_ways import serve_both
from model.records.batching import BatchingRun, Request
from model.records.progress import Progress
from model.request.recipe import Recipe
from model.run.core import Core


class BatchingCalls:
    """Calls for batching."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def serve_both(self, recipe: Recipe, requests: tuple[Request, ...]) -> Iterator[Progress | BatchingRun]:
        """Serves the requests statically and continuously, in the chat template if the recipe uses it."""
        prompts = [self._core.tokenize(replace(recipe, prompt=request.prompt, forced=())).ids for request in requests]
        return serve_both(self._lm, requests, prompts, self._core.budget())
