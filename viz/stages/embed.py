"""The Embed stage: rows, similarity, neighbours, the map, and positions."""

from typing import NotRequired, TypedDict

from model.records.embed import (
    BlockInput,
    DotProduct,
    EmbeddingMap,
    Embeddings,
    LearnedPositions,
    Neighbours,
    RotaryPositions,
    Similarity,
)
from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.engine import Engine
from viz.wire.plain import Plain, PlainWith, plain, plain_with


class NearestAnswer(TypedDict):
    cosine: list[float]


class EmbedMapAnswer(TypedDict):
    explained: list[float]
    links: list[list[int]]


class PositionsAnswer(TypedDict):
    kind: str
    reason: str
    block_input: Plain[BlockInput]
    rotary: NotRequired[Plain[RotaryPositions]]
    learned: NotRequired[Plain[LearnedPositions]]


def embed_rows(engine: Engine, recipe: Recipe, args: dict) -> Plain[Embeddings]:
    """Rows of the embedding matrix around `position` of the first `n` tokens."""
    return plain(engine.embed.embeddings(recipe, *_place(args)))


def embed_similarity(engine: Engine, recipe: Recipe, args: dict) -> Plain[Similarity]:
    """Cosine between the tokens around `position` of the first `n`."""
    return plain(engine.embed.similarity(recipe, *_place(args)))


def embed_nearest(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[Neighbours, NearestAnswer]:
    """The `k` tokens nearest to `token_id` in the whole vocabulary."""
    token_id, k = integer(args, "token_id"), integer(args, "k", 12, 1, 50)
    found = engine.embed.nearest(recipe, token_id, k)
    return plain_with(found, NearestAnswer(cosine=found.cosine.tolist()))


def embed_map(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[EmbeddingMap, EmbedMapAnswer]:
    """Principal components of the tokens around `position` and of their neighbours."""
    found = engine.embed.embedding_map(recipe, *_place(args))
    return plain_with(found, EmbedMapAnswer(explained=found.explained.tolist(), links=found.links.tolist()))


def embed_positions(engine: Engine, recipe: Recipe, args: dict) -> PositionsAnswer:
    """How the model knows the order of tokens, shown for `layer`."""
    found = engine.embed.positions(recipe, *_place(args), integer(args, "layer"))
    answer: PositionsAnswer = {
        "kind": found.kind,
        "reason": found.reason,
        "block_input": plain(found.block_input),
    }
    if found.rotary is not None:
        answer["rotary"] = plain(found.rotary)
    if found.learned is not None:
        answer["learned"] = plain(found.learned)
    return answer


def embed_dot_product(engine: Engine, recipe: Recipe, args: dict) -> Plain[DotProduct]:
    """The score of a query and a key in one head, over every distance."""
    names = ("layer", "head", "query", "key")
    return plain(engine.embed.dot_product(recipe, *(integer(args, name) for name in names)))


def _place(args: dict) -> tuple[int, int]:
    return integer(args, "n", low=1), integer(args, "position")


VIEWS = {
    "embed_rows": embed_rows,
    "embed_similarity": embed_similarity,
    "embed_nearest": embed_nearest,
    "embed_map": embed_map,
    "embed_positions": embed_positions,
    "embed_dot_product": embed_dot_product,
}
