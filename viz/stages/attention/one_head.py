"""One head step by step, and its checks."""

from typing import TypedDict

from model.records.head import OneHead
from model.records.run import Check
from model.request.recipe import Recipe
from viz.wire.args import integer, optional_integer
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain

MAX_LAYER = 10_000


class HeadChecksAnswer(TypedDict):
    """Checks by the name of their step, and the seconds they took."""

    checks: dict[str, Plain[Check]]
    seconds: float


def one_head(engine: Engine, recipe: Recipe, args: dict) -> Plain[OneHead]:
    """Every number from q and k to the head's part of W_O's output; `key` null takes the largest weight."""
    key = optional_integer(args, "key")
    return plain(engine.attention.one_head(recipe, *_query(args), key))


def head_checks(engine: Engine, recipe: Recipe, args: dict) -> HeadChecksAnswer:
    """The steps against the model's own, by step: costs a pass over one position, or over all."""
    found = engine.attention.check_head(recipe, *_query(args), integer(args, "key"))
    checks = [plain(check) for check in found.checks]
    return {"checks": dict(zip(found.steps, checks, strict=True)), "seconds": found.seconds}


def _query(args: dict) -> tuple[int, int, int]:
    layer, head = integer(args, "layer", high=MAX_LAYER), integer(args, "head", high=MAX_LAYER)
    return layer, head, integer(args, "query")


VIEWS = {"one_head": one_head, "head_checks": head_checks}
