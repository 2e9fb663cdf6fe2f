"""The engine's calls for the KV cache: its costs, its size compared with others, decoding with and without it."""

from collections.abc import Iterator

from model.cache.contents import describe_cache
from model.cache.costs import step_costs
from model.cache.race import cache_race
from model.cache.sizes import sizes_by_variant
from model.cache.variants import cache_variant, quantised_backends
from model.network.forward import refuse_without_cache
from model.records.kv import CacheSize, Race, StepCosts, Variant
from model.records.prefill import KVCacheRecord
from model.records.progress import Progress
from model.request.recipe import Recipe
from model.run.core import Core


class CacheCalls:
    """Calls for the KV cache."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def step_costs(self, recipe: Recipe, n_steps: int | None = None) -> StepCosts:
        """What each of the run's first `n_steps` steps computes and reads, with the cache and without it."""
        return step_costs(self._lm, self._core.shown(recipe, n_steps))

    def sizes(self, recipe: Recipe, n_positions: int, window: int) -> tuple[CacheSize, ...]:
        """The size of this model's KV cache, of its variants, and of well-known models' caches, by arithmetic."""
        return sizes_by_variant(self._lm.card, n_positions, window)

    def race(self, recipe: Recipe, n_tokens: int) -> Iterator[Progress | Race]:
        """Decodes the recipe's prompt with the cache and without, alternating token by token."""
        refuse_without_cache(self._lm)
        return cache_race(self._lm, recipe, self._core.tokenize(recipe), n_tokens, self._core.budget())

    def variant(
        self, recipe: Recipe, kind: str, n_tokens: int, window: int, sinks: int
    ) -> Iterator[Progress | Variant]:
        """Decodes the recipe's prompt with the full cache and with one that evicts or quantises."""
        refuse_without_cache(self._lm)
        return cache_variant(
            self._lm, recipe, self._core.tokenize(recipe), self._core.budget(), kind, n_tokens, window, sinks
        )

    def contents(self, recipe: Recipe, n_steps: int | None = None) -> KVCacheRecord:
        """The contents of the KV cache after the run's first `n_steps` generated tokens."""
        return describe_cache(self._core.shown(recipe, n_steps))

    def quantised_backends(self) -> tuple[tuple[str, bool], ...]:
        """The backends of a quantised cache, and whether each works here."""
        return quantised_backends()
