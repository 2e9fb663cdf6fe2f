"""The prompt's own surprisal, as a job: it is a forward pass."""

from collections.abc import Iterator

from model.request.recipe import Recipe


def surprisal(engine, recipe: Recipe, args: dict) -> Iterator:
    """{bits: one number a prompt token, null for the first, perplexity, bits_per_byte, n_unknown}."""
    found = yield from engine.decode.prompt_surprisal(recipe)
    sums = ("perplexity", "bits_per_byte", "n_unknown")
    yield {"bits": found.bits.tolist(), **{name: getattr(found, name) for name in sums}}


JOBS = {"surprisal": surprisal}
