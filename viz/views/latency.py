"""Latency: what the run took, as it was recorded."""

from dataclasses import asdict

from model.recipe import Recipe
from viz.args import so_far


def latency(engine, recipe: Recipe, args: dict) -> dict:
    """TTFT, inter-token latencies and rates. Seconds, and tokens per second."""
    return asdict(engine.latency(recipe, so_far(args)))


VIEWS = {"latency": latency}
