"""Runs as the engine makes them, to compare with what the page shows."""

from collections.abc import Iterable

from model.records.run import Run
from model.records.speculative import Speculation
from model.request.recipe import Recipe

# The first of assets/examples.json: what a first visit shows.
EXAMPLE = Recipe("The Eiffel Tower is in the city of", max_new_tokens=28)


def answer(engine, recipe: Recipe) -> Run:
    """The whole run of a recipe."""
    return list(engine.run(recipe))[-1]


def last(items: Iterable, kind: type):
    """The last of a job's items that is of a kind: its result, after the reports of its progress."""
    return [item for item in items if isinstance(item, kind)][-1]


def made(run: Run) -> list[int]:
    """The ids of the tokens that a run generated."""
    return [step.token.id for step in run.steps]


def ids(found: Speculation) -> list[int]:
    """The ids of the tokens that speculative decoding generated."""
    return [token.id for token in found.tokens]
