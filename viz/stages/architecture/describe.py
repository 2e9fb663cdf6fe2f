"""The model card: what the model is made of, and what its parts weigh."""

from typing import TypedDict

from model.records.architecture import BlockKind, ModelFacts
from model.records.run import ModelCard
from model.request.recipe import Recipe
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain


class PartsTable(TypedDict):
    """Numbers of parameters by part, and by layer and part."""

    parts: list[str]
    total: list[int]
    active: list[int]
    bytes: list[int]
    by_layer: list[list[int]]
    model_total: int


class ArchitectureAnswer(TypedDict):
    card: Plain[ModelCard]
    kinds: list[Plain[BlockKind]]
    embed_norm: str
    final_norm: str
    facts: Plain[ModelFacts]
    parameters: PartsTable


def architecture(engine: Engine, recipe: Recipe, args: dict) -> ArchitectureAnswer:
    """Kinds of block, parameters by part and layer, facts and the checks made at load. Sizes in bytes."""
    found = engine.architecture.describe()
    table = found.parameters
    return {
        "card": plain(engine.card()),
        "kinds": [plain(kind) for kind in found.kinds],
        "embed_norm": found.embed_norm,
        "final_norm": found.final_norm,
        "facts": plain(found.facts),
        "parameters": {
            "parts": list(table.parts),
            "total": table.total.tolist(),
            "active": table.active.tolist(),
            "bytes": table.bytes.tolist(),
            "by_layer": table.by_layer.tolist(),
            "model_total": table.model_total,
        },
    }


VIEWS = {"architecture": architecture}
