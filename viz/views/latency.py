"""Latency: what the run took, as it was recorded."""

from dataclasses import asdict

from model.recipe import Recipe


def latency(engine, recipe: Recipe, args: dict) -> dict:
    """TTFT, inter-token latencies and rates. Seconds, and tokens per second."""
    return asdict(engine.latency(recipe))


VIEWS = {"latency": latency}
