"""The models a page can open: what is in memory, the list, and what opening one would take."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict

from model.records.opening import Choices, Inspection, LoadedModel
from model.request.recipe import Recipe
from viz.wire.discover import about_models
from viz.wire.engine import Pool
from viz.wire.plain import Plain, plain

LISTED = Path(__file__).resolve().parents[2] / "assets" / "models.json"


class ListedModel(TypedDict):
    """A model of the list, as its file has it."""

    id: str
    parameters: int
    licence: str
    kinds: list[str]
    shows: str
    gated: NotRequired[bool]


class OfferedModel(ListedModel):
    """`memory`: bytes it takes, by dtype."""

    memory: dict[str, int]


class ModelsAnswer(TypedDict):
    listed: list[OfferedModel]
    others: list[str]
    free: bool
    paths: bool
    held: list[Plain[LoadedModel]]
    choices: Plain[Choices]


def models(pool: Pool, recipe: Recipe, args: dict) -> ModelsAnswer:
    """What is listed, what is in memory, and what can be chosen here."""
    listed: list[ListedModel] = json.loads(LISTED.read_text(encoding="utf-8"))
    names, known = pool.allowed.names, {item["id"] for item in listed}
    shown = [item for item in listed if names is None or item["id"] in names]
    return {
        "listed": [{**item, "memory": pool.memory(item["parameters"])} for item in shown],
        "others": sorted(name for name in names or () if name not in known),
        "free": names is None,
        "paths": pool.allowed.paths,
        "held": [plain(model) for model in pool.held(recipe)],
        "choices": plain(pool.choices()),
    }


def model_look(pool: Pool, recipe: Recipe, args: dict) -> Plain[Inspection]:
    """What opening the recipe's model takes; refused in words."""
    return plain(pool.inspect(recipe).about)


VIEWS = {"models": about_models(models), "model_look": about_models(model_look)}
