"""The models a page can open: what is in memory, the list, and what opening one would take."""

import json
from dataclasses import asdict
from pathlib import Path

from model.request.recipe import Recipe
from viz.wire.discover import about_models

LISTED = Path(__file__).resolve().parents[2] / "assets" / "models.json"


def models(pool, recipe: Recipe, args: dict) -> dict:
    """What is listed, what is in memory, and what can be chosen here."""
    listed = json.loads(LISTED.read_text(encoding="utf-8"))
    names, known = pool.allowed.names, {item["id"] for item in listed}
    shown = [item for item in listed if names is None or item["id"] in names]
    return {
        "listed": [{**item, "memory": pool.memory(item["parameters"])} for item in shown],
        "others": sorted(name for name in names or () if name not in known),
        "free": names is None,
        "paths": pool.allowed.paths,
        "held": [asdict(model) for model in pool.held(recipe)],
        "choices": asdict(pool.choices()),
    }


def model_look(pool, recipe: Recipe, args: dict) -> dict:
    """What opening the recipe's model takes: {n_parameters, download_bytes, memory_bytes, …}; refused in words."""
    return asdict(pool.inspect(recipe).about)


VIEWS = {"models": about_models(models), "model_look": about_models(model_look)}
