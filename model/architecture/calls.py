"""The engine's calls for the model's architecture."""

from collections.abc import Callable, Generator
from functools import cached_property

from model.architecture.describe import architecture
from model.architecture.routing import routing
from model.records.architecture import Architecture, Routing
from model.records.progress import Progress
from model.request.recipe import Recipe
from model.run.core import Core
from model.runtime.progress import with_progress


class ArchitectureCalls:
    """Calls for the model's architecture."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    @cached_property
    def _architecture(self) -> Architecture:
        return architecture(self._lm)

    def describe(self) -> Architecture:
        """The model's architecture; computed once."""
        return self._architecture

    def routing(self, recipe: Recipe, position: int) -> Generator[Progress, None, Routing]:
        """The experts that the positions around this one are routed to, from one more pass; yields progress."""
        trace = self._core.trace(recipe)

        def work(report: Callable[[Progress], None]) -> Routing:
            report(Progress("Waiting for the model", 0, self._lm.card.n_layers))
            return routing(self._lm, trace, position, lambda done, n: report(Progress("Routing: layer", done, n)))

        return with_progress(work)
