"""Routing, live: which experts the run's positions were sent to."""

from collections.abc import Iterator

from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.payload import check_payload, pack, token_payload


def routing(engine, recipe: Recipe, args: dict) -> Iterator:
    """The choices in all layers with experts, of the positions around `position`."""
    found = yield from engine.architecture.routing(recipe, integer(args, "position"))
    yield {
        "layers": found.layers,
        "start": found.start,
        "tokens": [token_payload(token) for token in found.tokens],
        "experts": pack(found.experts),
        "weights": pack(found.weights),
        "load": pack(found.load.astype("int32")),
        "n_positions": found.n_positions,
        "by_logits": found.by_logits,
        "seconds": found.seconds,
        "checks": [check_payload(check) for check in found.checks],
    }


JOBS = {"routing": routing}
