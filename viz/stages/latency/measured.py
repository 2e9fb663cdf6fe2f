"""Latency and throughput, measured live. All times in seconds."""

from model.records.latency import Latency, LengthSweep, RooflineRun, StageTimes, Throughput
from model.request.recipe import Recipe
from model.request.validate import require_field
from viz.wire.args import so_far
from viz.wire.engine import Engine, Job
from viz.wire.plain import Plain, plain

MOST_ROWS = 64


def latency(engine: Engine, recipe: Recipe, args: dict) -> Plain[Latency]:
    """TTFT, inter-token latencies and rates. Seconds, and tokens per second."""
    return plain(engine.latency.recorded(recipe, so_far(args)))


def stage_times(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[StageTimes]]:
    """Where the time of the run's passes goes."""
    for item in engine.latency.stage_times(recipe):
        yield plain(item) if isinstance(item, StageTimes) else item


def roofline(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[RooflineRun]]:
    """This machine's two limits, and the run's passes below them."""
    yield plain((yield from engine.latency.roofline(recipe)))


def length_sweep(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[LengthSweep]]:
    """TTFT and ITL over prompt lengths up to `longest`."""
    longest = args.get("longest", 1024)
    require_field("Longest prompt", longest, 32, 1_000_000, "it counts tokens")
    for item in engine.latency.length_sweep(recipe, longest):
        yield plain(item) if isinstance(item, LengthSweep) else item


def throughput(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[Throughput]]:
    """Tokens per second over batch sizes up to `largest`."""
    largest = args.get("largest", 32)
    require_field("Largest batch", largest, 1, MOST_ROWS, "it counts rows")
    for item in engine.latency.throughput(recipe, largest):
        yield plain(item) if isinstance(item, Throughput) else item


VIEWS = {"latency": latency}
JOBS = {"stage_times": stage_times, "roofline": roofline, "length_sweep": length_sweep, "throughput": throughput}
