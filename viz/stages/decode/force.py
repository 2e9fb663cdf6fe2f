"""Text that a person wants in the answer, as the tokens it becomes."""

from model.request.recipe import Recipe
from viz.wire.payload import token_payload


def encode(engine, recipe: Recipe, args: dict) -> dict:
    """The tokens of `text` as a continuation: no special tokens are added."""
    tokens = engine.tokens.encode(recipe, args.get("text", ""))
    return {"tokens": [token_payload(token) for token in tokens]}


VIEWS = {"encode": encode}
