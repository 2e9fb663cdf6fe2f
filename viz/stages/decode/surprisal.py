"""The prompt's own surprisal, as a job: it is a forward pass."""

from typing import TypedDict

from model.records.decode import PromptSurprisal
from model.request.recipe import Recipe
from viz.wire.engine import Engine, Job
from viz.wire.plain import PlainWith, plain_with


class SurprisalAnswer(TypedDict):
    """One number a prompt token, null for the first."""

    bits: list[float | None]


def surprisal(engine: Engine, recipe: Recipe, args: dict) -> Job[PlainWith[PromptSurprisal, SurprisalAnswer]]:
    """How much each token of the prompt surprises the model, and the sums over it."""
    found = yield from engine.decode.prompt_surprisal(recipe)
    yield plain_with(found, SurprisalAnswer(bits=found.bits.tolist()))


JOBS = {"surprisal": surprisal}
