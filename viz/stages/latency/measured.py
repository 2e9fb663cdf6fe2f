"""Latency and throughput, measured live. All times in seconds."""

from collections.abc import Iterator
from dataclasses import asdict

from model.records.latency import LengthSweep, RooflineRun, StageTimes, Throughput
from model.request.recipe import Recipe
from model.request.validate import require_field
from viz.wire.args import so_far

MOST_ROWS = 64


def latency(engine, recipe: Recipe, args: dict) -> dict:
    """TTFT, inter-token latencies and rates. Seconds, and tokens per second."""
    return asdict(engine.latency.recorded(recipe, so_far(args)))


def stage_times(engine, recipe: Recipe, args: dict) -> Iterator:
    """Where the time of the run's passes goes."""
    yield from _told(engine.latency.stage_times(recipe), StageTimes)


def roofline(engine, recipe: Recipe, args: dict) -> Iterator:
    """This machine's two limits, and the run's passes below them."""
    found: RooflineRun = yield from engine.latency.roofline(recipe)
    yield asdict(found)


def length_sweep(engine, recipe: Recipe, args: dict) -> Iterator:
    """TTFT and ITL over prompt lengths up to `longest`."""
    longest = args.get("longest", 1024)
    require_field("Longest prompt", longest, 32, 1_000_000, "it counts tokens")
    yield from _told(engine.latency.length_sweep(recipe, longest), LengthSweep)


def throughput(engine, recipe: Recipe, args: dict) -> Iterator:
    """Tokens per second over batch sizes up to `largest`."""
    largest = args.get("largest", 32)
    require_field("Largest batch", largest, 1, MOST_ROWS, "it counts rows")
    yield from _told(engine.latency.throughput(recipe, largest), Throughput)


def _told(items: Iterator, record: type) -> Iterator:
    """Records of that kind as dicts; progress as it is."""
    for item in items:
        yield asdict(item) if isinstance(item, record) else item


VIEWS = {"latency": latency}
JOBS = {"stage_times": stage_times, "roofline": roofline, "length_sweep": length_sweep, "throughput": throughput}
