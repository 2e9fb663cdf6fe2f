"""The engine's calls for the Layers stage."""

from model.layers.attribution import attribution
from model.layers.lens import lens
from model.layers.neurons import neurons
from model.layers.residual import residual_stream
from model.network.language_model import LanguageModel
from model.records.layers import Attribution, LensTile, Neurons, ResidualStream
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.run.truncated import shown


class LayersCalls:
    """For an engine that has `lm` and `_trace(recipe)`. `n_steps`: how many generated tokens of the run are shown."""

    lm: LanguageModel

    def _so_far(self, recipe: Recipe, n_steps: int | None) -> Trace:
        return shown(self._trace(recipe), n_steps)

    def residual(self, recipe: Recipe, position: int, layer: int, n_steps: int | None = None) -> ResidualStream:
        """The residual stream of a position; the vectors themselves for one layer."""
        return residual_stream(self.lm, self._so_far(recipe, n_steps), position, layer)

    def lens(self, recipe: Recipe, position: int, row_start: int, n_steps: int | None = None) -> LensTile:
        """The logit lens on the positions around one, from a row on: as many rows as a call may cost."""
        return lens(self.lm, self._so_far(recipe, n_steps), position, row_start)

    def attribution(
        self,
        recipe: Recipe,
        position: int,
        token_id: int | None = None,
        against: int | None = None,
        n_steps: int | None = None,
    ) -> Attribution:
        """What each part of the network added to a token's logit, or to the difference of two."""
        return attribution(self.lm, self._so_far(recipe, n_steps), position, token_id, against)

    def neurons(
        self,
        recipe: Recipe,
        layer: int,
        position: int,
        k: int,
        token_id: int | None = None,
        n_steps: int | None = None,
    ) -> Neurons:
        """The neurons of a layer that write most at a position."""
        return neurons(self.lm, self._so_far(recipe, n_steps), layer, position, k, token_id)
