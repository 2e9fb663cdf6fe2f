"""The prompt's own surprisal, as a job: it is a forward pass."""

from collections.abc import Iterator

from model.recipe import Recipe


def surprisal(engine, recipe: Recipe, args: dict) -> Iterator:
    """{bits: one number a prompt token, null for the first, perplexity, bits_per_byte}."""
    found = yield from engine.prompt_surprisal(recipe)
    yield {"bits": found.bits.tolist(), "perplexity": found.perplexity, "bits_per_byte": found.bits_per_byte}


JOBS = {"surprisal": surprisal}
