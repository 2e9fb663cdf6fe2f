"""The engine's calls for attention."""

import numpy as np

from model.attention.attention_window import attention_window, head_vectors
from model.attention.check_head import head_checks
from model.attention.check_run import run_checks
from model.attention.head_scores import head_scores
from model.attention.maps import (
    attention_overview,
    attention_tile,
    captured_layer,
    position_attention,
)
from model.attention.one_head import one_head
from model.attention.streamed_capture import streamed_capture
from model.capture.capture import Capture
from model.capture.pattern import pattern_rows
from model.records.head import AttentionWindow, HeadChecks, HeadVectors, OneHead
from model.records.prefill import (
    AttentionOverview,
    AttentionTile,
    HeadScores,
    PositionAttention,
    RunChecks,
)
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core


class AttentionCalls:
    """Calls for attention: maps, heads, one head step by step."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def maps(self, recipe: Recipe, layer: int) -> Capture:
        """A capture with this layer's maps: the run's own, or, for some families, one from a separate pass."""
        trace = self._core.trace(recipe)
        if not self._lm.card.streamed_maps:
            return trace.capture
        require_integer("layer", layer, 0, self._lm.card.n_layers - 1, "layers are counted from 0")
        return streamed_capture(self._lm, trace, trace.fed_ids, layer)

    def tile(
        self,
        recipe: Recipe,
        layer: int,
        head: int,
        queries: tuple[int, int],
        keys: tuple[int, int],
        rule: str = "max",
    ) -> AttentionTile:
        """A rectangle of one head's pattern; see `model.attention.maps.attention_tile`."""
        return attention_tile(self._lm, self.maps(recipe, layer), layer, head, queries, keys, rule)

    def overview(self, recipe: Recipe, layer_start: int, n_positions: int, rule: str = "max") -> AttentionOverview:
        """Thumbnails of every head of some layers."""
        capture = self._core.trace(recipe).capture
        return attention_overview(self._lm, capture, layer_start, n_positions, rule)

    def head_scores(self, recipe: Recipe, layer_start: int, n_positions: int) -> HeadScores:
        """Scores of every head of some layers, measured on this run."""
        trace = self._core.trace(recipe)
        return head_scores(self._lm, trace.capture, trace.fed_ids, layer_start, n_positions)

    def position(self, recipe: Recipe, layer: int, head: int, position: int, n_positions: int) -> PositionAttention:
        """What a position attends to in one head, and which positions attend to it."""
        return position_attention(self._lm, self.maps(recipe, layer), layer, head, position, n_positions)

    def check_run(self, recipe: Recipe, layer: int, head: int, n_steps: int | None = None) -> RunChecks:
        """Compares this run's numbers with a second forward pass; takes about a second."""
        return run_checks(self._lm, self._core.shown(recipe, n_steps), layer, head)

    def pattern(self, recipe: Recipe, layer: int, head: int, n: int) -> np.ndarray:
        """The first `n` rows and columns of one head's pattern, exact: float32 (query, key)."""
        captured = captured_layer(self._lm, self.maps(recipe, layer), layer, head)
        return pattern_rows(captured, 0, n, n, head)[0].numpy().copy()

    def one_head(self, recipe: Recipe, layer: int, head: int, query: int, key: int | None = None) -> OneHead:
        """One head step by step, for a query and a key (by default the one of the largest weight)."""
        return one_head(self._lm, self._core.trace(recipe), layer, head, query, key)

    def check_head(self, recipe: Recipe, layer: int, head: int, query: int, key: int) -> HeadChecks:
        """Compares the steps of one head with the model's own; costs a pass over one position, or over all."""
        return head_checks(self._lm, self._core.trace(recipe), layer, head, query, key)

    def window(self, recipe: Recipe, layers: tuple[int, int], start: int, stop: int) -> AttentionWindow:
        """Exact weights of all heads of the layers [first, last) among the positions [start, stop)."""
        return attention_window(self._lm, self._core.trace(recipe).capture, layers, start, stop)

    def head_vectors(self, recipe: Recipe, layer: int, head: int, start: int, stop: int) -> HeadVectors:
        """One head's queries, keys and weights among the positions [start, stop)."""
        return head_vectors(self._lm, self._core.trace(recipe).capture, layer, head, start, stop)
