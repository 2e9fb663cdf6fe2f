"""The code of a stage, as text."""

from dataclasses import asdict

from model.request.recipe import Recipe


def code(engine, recipe: Recipe, args: dict) -> dict:
    """The functions that did the work of `stage`, each with its file and first line."""
    return {"functions": [asdict(function) for function in engine.code.functions(args.get("stage"))]}


VIEWS = {"code": code}
