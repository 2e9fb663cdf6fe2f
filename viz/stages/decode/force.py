"""Text that a person wants in the answer, as the tokens it becomes."""

from typing import TypedDict

from model.records.run import Token
from model.request.recipe import Recipe
from viz.wire.args import text
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain


class EncodeAnswer(TypedDict):
    tokens: list[Plain[Token]]


def encode(engine: Engine, recipe: Recipe, args: dict) -> EncodeAnswer:
    """The tokens of `text` as a continuation: no special tokens are added."""
    tokens = engine.tokens.encode(recipe, text(args, "text"))
    return {"tokens": [plain(token) for token in tokens]}


VIEWS = {"encode": encode}
