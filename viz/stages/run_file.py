"""The run as a file to take along, and such a file held against the same run made here."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.payload import run_payload

FORMAT = "token-by-token/run"
VERSION = 1
# The file is one answer: it has all tokens and all steps.
WHOLE = 1 << 40


def run_file(engine, recipe: Recipe, args: dict) -> Iterator:
    """The document of docs/trace.md for the run up to `n_steps` tokens."""
    made = yield from engine.file.run_file(recipe, integer(args, "n_steps"))
    run = run_payload(made.run, 0, 0, WHOLE)
    card = {name: value for name, value in asdict(made.card).items() if name not in ("checks", "dtype", "device")}
    for paging in ("key", "tokens_from", "steps_from"):
        del run[paging]
    yield {
        "document": {
            "format": FORMAT,
            "version": VERSION,
            "recipe": run.pop("recipe"),
            "model": card,
            "made_by": made.versions,
            **run,
            "logits": [asdict(summary) for summary in made.logits],
        }
    }


def open_run_file(engine, recipe: Recipe, args: dict) -> Iterator:
    """The file's recipe, on the model of `recipe`, once it has passed its checks, and how its numbers compare."""
    filed = engine.file.read_run_file(args.get("document"))
    here = {name: getattr(recipe, name) for name in ("model", "revision", "device", "dtype")}
    theirs = {"recipe": {**json.loads(filed.recipe.to_json()), **here}, "n_steps": len(filed.steps)}
    yield theirs
    compared = yield from engine.file.compare_run_file(filed)
    yield {**theirs, "comparison": {**asdict(compared), "same_tokens": compared.same_tokens}}


JOBS = {"run_file": run_file, "open_run_file": open_run_file}
