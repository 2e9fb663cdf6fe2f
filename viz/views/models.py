"""The models a page can open: what is in memory, the list, and what opening one would take."""

import json
from dataclasses import asdict
from pathlib import Path

from model.recipe import Recipe

LISTED = Path(__file__).resolve().parents[2] / "assets" / "models.json"


def models(pool, recipe: Recipe, args: dict) -> dict:
    """What is listed, what is in memory, and what can be chosen here."""
    allowed = pool.allowed
    listed = json.loads(LISTED.read_text(encoding="utf-8"))
    names = allowed.names
    known = {item["id"] for item in listed}
    return {
        "listed": [item for item in listed if names is None or item["id"] in names],
        "others": sorted(name for name in names or () if name not in known),
        "free": names is None,
        "paths": allowed.paths,
        "start": {**asdict(pool.start), "model": title(pool.start.model)},
        "held": [{**asdict(model), "name": "" if model.is_start else model.name} for model in pool.held()],
        "budget_bytes": pool.budget_bytes,
        "devices": list(pool.devices()),
    }


def title(name: str) -> str:
    """A model's name without the folders it stands in: those are the server's own."""
    return Path(name).name if name.startswith(("/", ".", "~")) else name


def model_look(pool, recipe: Recipe, args: dict) -> dict:
    """What opening the recipe's model takes: {n_parameters, download_bytes, memory_bytes, …}; refused in words."""
    return asdict(pool.inspect(recipe).about)


VIEWS = {"models": models, "model_look": model_look}
# These are given the pool of models in place of an engine: the model they ask about may not be there.
ABOUT_MODELS = frozenset(VIEWS)
