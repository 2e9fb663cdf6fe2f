"""The engine's calls for the Layers stage."""

from model.layers.attribution import attribution
from model.layers.lens import lens
from model.layers.neurons import neurons
from model.layers.residual import residual_stream
from model.records.layers import Attribution, LensTile, Neurons, ResidualStream
from model.request.recipe import Recipe
from model.run.core import Core


class LayersCalls:
    """What may be asked about the layers. `n_steps`: how many generated tokens of the run are shown."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def residual(self, recipe: Recipe, position: int, layer: int, n_steps: int | None = None) -> ResidualStream:
        """The residual stream of a position; the vectors themselves for one layer."""
        return residual_stream(self._lm, self._core.shown(recipe, n_steps), position, layer)

    def lens(self, recipe: Recipe, position: int, row_start: int, n_steps: int | None = None) -> LensTile:
        """The logit lens on the positions around one, from a row on: as many rows as a call may cost."""
        return lens(self._lm, self._core.shown(recipe, n_steps), position, row_start)

    def attribution(
        self,
        recipe: Recipe,
        position: int,
        token_id: int | None = None,
        against: int | None = None,
        n_steps: int | None = None,
    ) -> Attribution:
        """What each part of the network added to a token's logit, or to the difference of two."""
        return attribution(self._lm, self._core.shown(recipe, n_steps), position, token_id, against)

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
        return neurons(self._lm, self._core.shown(recipe, n_steps), layer, position, k, token_id)
