"""Routing, live: which experts the run's positions were sent to."""

from model.records.architecture import Routing
from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.engine import Engine, Job
from viz.wire.plain import Plain, plain


def routing(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[Routing]]:
    """The choices in all layers with experts, of the positions around `position`."""
    yield plain((yield from engine.architecture.routing(recipe, integer(args, "position"))))


JOBS = {"routing": routing}
