"""Beam search, as a job: it takes seconds, so it goes through the queue."""

from collections.abc import Iterator

from model.recipe import Recipe
from viz.payload import token_payload


def beams(engine, recipe: Recipe, args: dict) -> Iterator[dict]:
    """The best continuations: [{tokens, score}], best first."""
    found = engine.beams(recipe, args.get("num_beams"), args.get("max_new_tokens"))
    yield {
        "beams": [
            {"tokens": [token_payload(token) for token in beam.tokens], "score": beam.score} for beam in found.beams
        ],
        "ms": found.seconds * 1000,
    }


JOBS = {"beams": beams}
