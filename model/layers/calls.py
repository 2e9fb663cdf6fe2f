"""The engine's calls for the Layers stage."""

from model.layers.attribution import attribution
from model.layers.lens import lens
from model.layers.neurons import neurons
from model.layers.residual import residual_stream
from model.records.layers import Attribution, LensTile, Neurons, ResidualStream
from model.request.recipe import Recipe
from model.run.core import Core


class LayersCalls:
    """Calls for the layers. `n_steps` is the number of generated tokens that the page has (None: all)."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def residual(self, recipe: Recipe, position: int, layer: int, n_steps: int | None = None) -> ResidualStream:
        """The residual stream of a position, with the vectors of one layer."""
        return residual_stream(self._lm, self._core.shown(recipe, n_steps), position, layer)

    def lens(self, recipe: Recipe, position: int, row_start: int, n_steps: int | None = None) -> LensTile:
        """The logit lens on the positions around one, from `row_start` on, for as many rows as one call may compute."""
        return lens(self._lm, self._core.shown(recipe, n_steps), position, row_start)

    def attribution(
        self,
        recipe: Recipe,
        position: int,
        token_id: int | None = None,
        against: int | None = None,
        n_steps: int | None = None,
    ) -> Attribution:
        """What each part of the network adds to a token's logit, or to the difference of two."""
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
