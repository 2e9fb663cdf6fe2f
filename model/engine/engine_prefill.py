"""The engine's calls for the Prefill stage."""

import numpy as np

from model.attention.check_run import run_checks
from model.attention.head_scores import head_scores
from model.attention.maps import (
    attention_overview,
    attention_tile,
    captured_layer,
    position_attention,
)
from model.attention.streamed_capture import streamed_capture
from model.cache.contents import describe_cache
from model.network.capture import Capture
from model.network.language_model import LanguageModel
from model.network.pattern import pattern_rows
from model.records.prefill import (
    AttentionOverview,
    AttentionTile,
    HeadScores,
    KVCacheRecord,
    PositionAttention,
    RunChecks,
)
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.truncated import shown


class PrefillCalls:
    """For an engine that has `lm` and `_trace(recipe)`."""

    lm: LanguageModel

    def _maps(self, recipe: Recipe, layer: int) -> Capture:
        """What has this layer's maps: the run's capture, or for some families a pass that makes them."""
        trace = self._trace(recipe)
        if not self.lm.card.streamed_maps:
            return trace.capture
        require_integer("layer", layer, 0, self.lm.card.n_layers - 1, "layers are counted from 0")
        return streamed_capture(self.lm, trace, trace.fed_ids, layer)

    def attention_tile(
        self,
        recipe: Recipe,
        layer: int,
        head: int,
        queries: tuple[int, int],
        keys: tuple[int, int],
        rule: str = "max",
    ) -> AttentionTile:
        """A rectangle of one head's pattern; see `model.attention.maps.attention_tile`."""
        return attention_tile(self.lm, self._maps(recipe, layer), layer, head, queries, keys, rule)

    def attention_overview(
        self, recipe: Recipe, layer_start: int, n_positions: int, rule: str = "max"
    ) -> AttentionOverview:
        """Thumbnails of every head of some layers."""
        capture = self._trace(recipe).capture
        return attention_overview(self.lm, capture, layer_start, n_positions, rule)

    def head_scores(self, recipe: Recipe, layer_start: int, n_positions: int) -> HeadScores:
        """What every head of some layers does, measured on this run."""
        trace = self._trace(recipe)
        return head_scores(self.lm, trace.capture, trace.fed_ids, layer_start, n_positions)

    def position_attention(
        self, recipe: Recipe, layer: int, head: int, position: int, n_positions: int
    ) -> PositionAttention:
        """What a position attends to in one head, and who attends to it."""
        return position_attention(self.lm, self._maps(recipe, layer), layer, head, position, n_positions)

    def run_checks(self, recipe: Recipe, layer: int, head: int, n_steps: int | None = None) -> RunChecks:
        """This run's numbers against a second forward pass: about a second of work."""
        return run_checks(self.lm, shown(self._trace(recipe), n_steps), layer, head)

    def kv_cache(self, recipe: Recipe, n_steps: int | None = None) -> KVCacheRecord:
        """What the KV cache of the run's first `n_steps` generated tokens holds."""
        return describe_cache(shown(self._trace(recipe), n_steps))

    def attention_pattern(self, recipe: Recipe, layer: int, head: int, n: int) -> np.ndarray:
        """The first `n` rows and columns of one head's pattern, exact: float32 (query, key)."""
        captured = captured_layer(self.lm, self._maps(recipe, layer), layer, head)
        return pattern_rows(captured, 0, n, n, head)[0].numpy().copy()
