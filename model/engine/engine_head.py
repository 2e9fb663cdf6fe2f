"""The engine's calls for one head in full, and for BertViz."""

from model.attention.attention_window import attention_window, head_vectors
from model.attention.check_head import head_checks
from model.attention.one_head import one_head
from model.network.language_model import LanguageModel
from model.records.head import AttentionWindow, HeadChecks, HeadVectors, OneHead
from model.request.recipe import Recipe


class HeadCalls:
    """For an engine that has `lm` and `_trace(recipe)`."""

    lm: LanguageModel

    def one_head(self, recipe: Recipe, layer: int, head: int, query: int, key: int | None = None) -> OneHead:
        """One head step by step, for a query and a key (by default the one of the largest weight)."""
        return one_head(self.lm, self._trace(recipe).capture, layer, head, query, key)

    def head_checks(self, recipe: Recipe, layer: int, head: int, query: int, key: int) -> HeadChecks:
        """Its steps against the model's own: costs one decoding step."""
        return head_checks(self.lm, self._trace(recipe), layer, head, query, key)

    def attention_window(self, recipe: Recipe, layers: tuple[int, int], start: int, stop: int) -> AttentionWindow:
        """Exact weights of all heads of layers [first, last) among positions [start, stop)."""
        return attention_window(self.lm, self._trace(recipe).capture, layers, start, stop)

    def head_vectors(self, recipe: Recipe, layer: int, head: int, start: int, stop: int) -> HeadVectors:
        """One head's queries, keys and weights among positions [start, stop)."""
        return head_vectors(self.lm, self._trace(recipe).capture, layer, head, start, stop)
