"""The Embed stage: rows, similarity, neighbours, the map, and positions."""

from dataclasses import asdict

import numpy as np

from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.payload import check_payload, pack, token_payload


def embed_rows(engine, recipe: Recipe, args: dict) -> dict:
    """Rows of the embedding matrix around `position` of the first `n` tokens."""
    found = engine.embed.embeddings(recipe, *_place(args))
    return _packed(found)


def embed_similarity(engine, recipe: Recipe, args: dict) -> dict:
    """Cosine between the tokens around `position` of the first `n`."""
    return _packed(engine.embed.similarity(recipe, *_place(args)))


def embed_nearest(engine, recipe: Recipe, args: dict) -> dict:
    """The `k` tokens nearest to `token_id` in the whole vocabulary."""
    token_id, k = integer(args, "token_id"), integer(args, "k", 12, 1, 50)
    found = engine.embed.nearest(recipe, token_id, k)
    return {
        "token": token_payload(found.token),
        "neighbours": [token_payload(token) for token in found.neighbours],
        "cosine": found.cosine.tolist(),
        "vocabulary": found.vocabulary,
    }


def embed_map(engine, recipe: Recipe, args: dict) -> dict:
    """Principal components of the tokens around `position` and of their neighbours."""
    found = engine.embed.embedding_map(recipe, *_place(args))
    return {
        **_packed(found),
        "tokens": [token_payload(token) for token in found.tokens],
        "explained": found.explained.tolist(),
        "links": found.links.tolist(),
    }


def embed_positions(engine, recipe: Recipe, args: dict) -> dict:
    """How the model knows the order of tokens, shown for `layer`."""
    found = engine.embed.positions(recipe, *_place(args), integer(args, "layer"))
    fed = {**asdict(found.block_input), "check": check_payload(found.block_input.check)}
    answer = {"kind": found.kind, "reason": found.reason, "block_input": fed}
    if found.rotary is not None:
        rotation = found.rotary.rotation
        shown = {**_packed(rotation), "check": check_payload(rotation.check)}
        run_check = found.rotary.run_check and check_payload(found.rotary.run_check)
        answer["rotary"] = {**_packed(found.rotary), "rotation": shown, "run_check": run_check}
    if found.learned is not None:
        answer["learned"] = {**_packed(found.learned), "check": check_payload(found.learned.check)}
    return answer


def embed_dot_product(engine, recipe: Recipe, args: dict) -> dict:
    """The score of a query and a key in one head, over every distance."""
    names = ("layer", "head", "query", "key")
    found = engine.embed.dot_product(recipe, *(integer(args, name) for name in names))
    return {**_packed(found), "check": check_payload(found.check)}


def _packed(record) -> dict:
    """The plain fields of a record, and its arrays packed; records inside it are left to the
    caller.
    """
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    arrays = {k: pack(v) for k, v in fields.items() if isinstance(v, np.ndarray)}
    plain = {k: v for k, v in fields.items() if isinstance(v, bool | int | float | str | tuple)}
    return {**plain, **arrays}


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
