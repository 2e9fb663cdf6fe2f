"""The engine's calls for the Embed stage."""

from model.embed.dot_product import dot_product
from model.embed.embeddings import embeddings, nearest, similarity
from model.embed.pca import embedding_map
from model.embed.positions import positions
from model.records.embed import (
    DotProduct,
    EmbeddingMap,
    Embeddings,
    Neighbours,
    Positions,
    Similarity,
)
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.run.trace import Trace


class EmbedCalls:
    """Calls for the embeddings of a run. `n` is a number of tokens of the run, starting with the prompt."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def embeddings(self, recipe: Recipe, n: int, position: int) -> Embeddings:
        """Rows of the embedding matrix around a position."""
        return embeddings(self._lm, _ids(self._core.trace(recipe), n), position)

    def similarity(self, recipe: Recipe, n: int, position: int) -> Similarity:
        """Cosine similarity of the rows of the tokens around a position."""
        return similarity(self._lm, _ids(self._core.trace(recipe), n), position)

    def nearest(self, recipe: Recipe, token_id: int, k: int) -> Neighbours:
        """The tokens of the vocabulary nearest to one token."""
        return nearest(self._lm, token_id, k)

    def embedding_map(self, recipe: Recipe, n: int, position: int) -> EmbeddingMap:
        """Principal components of the tokens around a position and their neighbours in the vocabulary."""
        return embedding_map(self._lm, _ids(self._core.trace(recipe), n), position)

    def positions(self, recipe: Recipe, n: int, position: int, layer: int) -> Positions:
        """How the model encodes the order of tokens, for one layer."""
        trace = self._core.trace(recipe)
        return positions(self._lm, trace.capture, _ids(trace, n), position, layer)

    def dot_product(self, recipe: Recipe, layer: int, head: int, query: int, key: int) -> DotProduct:
        """The score of one query and key at their own and at every other distance."""
        return dot_product(self._lm, self._core.trace(recipe).capture, layer, head, query, key)


def _ids(trace: Trace, n: int) -> tuple[int, ...]:
    ids = trace.run.tokens.ids + tuple(step.token.id for step in trace.run.steps)
    require_integer("n", n, 1, len(ids), "it counts the tokens of the run so far")
    return ids[:n]
