"""The engine's calls about the model itself."""

from collections.abc import Callable, Generator
from functools import cached_property

from model.architecture.describe import architecture
from model.architecture.routing import routing
from model.network.language_model import LanguageModel
from model.records.architecture import Architecture, Routing
from model.request.recipe import Recipe
from model.runtime.progress import Progress, with_progress


class ModelCalls:
    """For an engine that has `lm` and `_trace(recipe)`."""

    lm: LanguageModel

    @cached_property
    def _architecture(self) -> Architecture:
        return architecture(self.lm)

    def architecture(self) -> Architecture:
        """What the model is made of, found out once."""
        return self._architecture

    def routing(self, recipe: Recipe, position: int) -> Generator[Progress, None, Routing]:
        """Which experts the positions around this one were sent to, by one more pass over the run; yields progress."""
        trace = self._trace(recipe)

        def work(report: Callable[[Progress], None]) -> Routing:
            report(Progress("Waiting for the model", 0, self.lm.card.n_layers))
            return routing(self.lm, trace, position, lambda done, n: report(Progress("Routing: layer", done, n)))

        return with_progress(work)
