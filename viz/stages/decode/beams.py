"""Beam search, as a job: it takes seconds, so it goes through the queue."""

import json
from collections.abc import Iterator

from model.records.decode import Beam
from model.request.recipe import Recipe
from viz.wire.payload import check_payload, token_payload


def beams(engine, recipe: Recipe, args: dict) -> Iterator[dict]:
    """The best continuations, best first, each as a branch of the page with its score."""
    found = engine.decode.beams(recipe, args.get("num_beams"), args.get("max_new_tokens"))
    yield {
        "beams": [_branch(beam) for beam in found.beams],
        "ms": found.seconds * 1000,
        "check": check_payload(found.check),
    }


def _branch(beam: Beam) -> dict:
    tokens = [
        {"id": token.id, "token": token_payload(token), "probability": 2.0**-bits, "surprisal": bits, "forced": True}
        for token, bits in zip(beam.tokens, beam.surprisal, strict=True)
    ]
    return {
        "key": beam.recipe.trace_key,
        "recipe": json.loads(beam.recipe.to_json()),
        "tokens": tokens,
        "text": beam.text,
        "stop": "eos" if beam.ended else "limit",
        "score": beam.score,
    }


JOBS = {"beams": beams}
