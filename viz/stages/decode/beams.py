"""Beam search, as a job: it takes seconds, so it goes through the queue."""

from typing import Literal, TypedDict

from model.records.decode import Beam
from model.records.run import Check, Token
from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.engine import Engine, Job
from viz.wire.payload import RecipeAnswer, recipe_payload
from viz.wire.plain import Plain, PlainWith, plain


class BranchToken(TypedDict):
    id: int
    token: Plain[Token]
    probability: float
    surprisal: float
    forced: bool


class BeamBranch(TypedDict):
    """One continuation, as the page keeps its branches, and its score."""

    key: str
    recipe: PlainWith[Recipe, RecipeAnswer]
    tokens: list[BranchToken]
    text: str
    stop: Literal["eos", "limit"]
    score: float


class BeamsAnswer(TypedDict):
    beams: list[BeamBranch]
    ms: float
    check: Plain[Check]


def beams(engine: Engine, recipe: Recipe, args: dict) -> Job[BeamsAnswer]:
    """The best continuations, best first, each as a branch of the page with its score."""
    found = engine.decode.beams(recipe, integer(args, "num_beams"), integer(args, "max_new_tokens"))
    yield {
        "beams": [_branch(beam) for beam in found.beams],
        "ms": found.seconds * 1000,
        "check": plain(found.check),
    }


def _branch(beam: Beam) -> BeamBranch:
    tokens: list[BranchToken] = [
        {"id": token.id, "token": plain(token), "probability": 2.0**-bits, "surprisal": bits, "forced": True}
        for token, bits in zip(beam.tokens, beam.surprisal, strict=True)
    ]
    return {
        "key": beam.recipe.trace_key,
        "recipe": recipe_payload(beam.recipe),
        "tokens": tokens,
        "text": beam.text,
        "stop": "eos" if beam.ended else "limit",
        "score": beam.score,
    }


JOBS = {"beams": beams}
