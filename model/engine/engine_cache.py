"""The engine's calls about the KV cache: its costs, its size beside others, decoding both ways."""

from collections.abc import Iterator

from model.cache.costs import step_costs
from model.cache.race import cache_race
from model.cache.sizes import compare
from model.cache.variants import cache_variant, quantised_backends
from model.network.forward import refuse_without_cache
from model.network.language_model import LanguageModel
from model.records.kv import CacheSize, Race, StepCosts, Variant
from model.request.recipe import Recipe
from model.run.truncated import shown
from model.runtime.progress import Progress


class CacheCalls:
    """For an engine that has `lm`, `_trace(recipe)` and `tokenize(recipe)`."""

    lm: LanguageModel

    def step_costs(self, recipe: Recipe, n_steps: int | None = None) -> StepCosts:
        """What each of the run's first `n_steps` steps computes and reads, with the cache and without."""
        return step_costs(self.lm, shown(self._trace(recipe), n_steps))

    def cache_sizes(self, recipe: Recipe, n_positions: int, window: int) -> tuple[CacheSize, ...]:
        """The KV cache of this model, as it is and otherwise, and of known models, by arithmetic."""
        return compare(self.lm.card, n_positions, window)

    def cache_race(self, recipe: Recipe, n_tokens: int) -> Iterator[Progress | Race]:
        """The recipe's prompt decoded with the cache and without, token by token in turn."""
        refuse_without_cache(self.lm)
        return cache_race(self.lm, recipe, self.tokenize(recipe), n_tokens, self.budget())

    def cache_variant(
        self, recipe: Recipe, kind: str, n_tokens: int, window: int, sinks: int
    ) -> Iterator[Progress | Variant]:
        """The recipe's prompt decoded with the full cache and with one that forgets or rounds."""
        refuse_without_cache(self.lm)
        return cache_variant(self.lm, recipe, self.tokenize(recipe), self.budget(), kind, n_tokens, window, sinks)

    def quantised_backends(self) -> tuple[tuple[str, bool], ...]:
        """Which backends of a quantised cache there are, and which work here."""
        return quantised_backends()
