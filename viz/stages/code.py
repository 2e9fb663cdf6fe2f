"""The code of a stage, as text."""

from typing import TypedDict

from model.records.code import SourceCode
from model.request.recipe import Recipe
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain


class CodeAnswer(TypedDict):
    functions: list[Plain[SourceCode]]


def code(engine: Engine, recipe: Recipe, args: dict) -> CodeAnswer:
    """The functions that did the work of `stage`, each with its file and first line."""
    return {"functions": [plain(function) for function in engine.code.functions(args.get("stage"))]}


VIEWS = {"code": code}
