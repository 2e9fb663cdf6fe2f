"""The model card: what the model is made of, and what its parts weigh."""

from dataclasses import asdict

from model.request.recipe import Recipe
from viz.wire.payload import card_payload


def architecture(engine, recipe: Recipe, args: dict) -> dict:
    """Kinds of block, parameters by part and layer, facts and the checks made at load. Sizes in bytes."""
    found = engine.architecture.describe()
    table = found.parameters
    return {
        "card": card_payload(engine.card()),
        "kinds": [asdict(kind) for kind in found.kinds],
        "embed_norm": found.embed_norm,
        "final_norm": found.final_norm,
        "facts": asdict(found.facts),
        "parameters": {
            "parts": table.parts,
            "total": table.total.tolist(),
            "active": table.active.tolist(),
            "bytes": table.bytes.tolist(),
            "by_layer": table.by_layer.tolist(),
            "model_total": table.model_total,
        },
    }


VIEWS = {"architecture": architecture}
