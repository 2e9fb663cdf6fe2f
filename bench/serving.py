"""Serving: the cost of stage timers, and the gain of batches and speculative decoding."""

from collections.abc import Iterator

from bench.page import row
from model.engine.core import LocalEngine
from model.records.batching import BatchingRun, Request
from model.records.latency import StageTimes, Throughput
from model.records.speculative import Speculation
from model.request.recipe import Recipe

FREE = "Once upon a time in a small village by the sea there lived"
REPEATING = "Rewrite this list. apples, pears, plums, cherries, grapes, apples, pears, plums, cherries, grapes, apples,"
N_TOKENS = 64


def speculative_rows(engine: LocalEngine) -> Iterator[dict]:
    """Tokens per second with each draft, compared with plain decoding that alternates with it."""
    for kind, n_draft in (("llama", 4), ("llama", 8), ("lookup", 5), ("exit", 3)):
        for name, prompt in (("free", FREE), ("repeating", REPEATING)):
            layers = round(2 * engine.card().n_layers / 3)
            *_, speculation = engine.speculative.speculate(Recipe(prompt), kind, n_draft, N_TOKENS, layers, "")
            assert isinstance(speculation, Speculation)
            t = speculation.totals
            ours, plain = t.n_tokens / (t.draft_seconds + t.verify_seconds), t.n_tokens / t.plain_seconds
            name = f"speculative, {kind} × {n_draft}, {name} prompt (accepted {t.acceptance or 0:.0%}) / plain"
            yield row(name, ours, plain, "tokens/s", t.n_rounds)


def latency_rows(engine: LocalEngine) -> Iterator[dict]:
    """Passes with a timer on each part compared with passes without, and tokens per second over batch size."""
    recipe = Recipe(FREE, max_new_tokens=12)
    *_, _ = engine.run(recipe)
    *_, times = engine.latency.stage_times(recipe)
    assert isinstance(times, StageTimes)
    for split in (times.prefill, times.decode):
        name = f"{split.phase} with stage timers / without"
        yield row(name, 1e3 * split.seconds, 1e3 * split.unhooked, "ms", split.n_passes)
    *_, sweep = engine.latency.throughput(recipe, 32)
    assert isinstance(sweep, Throughput)
    for point in sweep.points[1:]:
        yield row(f"decoding {point.batch} rows / one", point.rate, sweep.points[0].rate, "tokens/s", sweep.n_steps)


def batching_rows(engine: LocalEngine) -> Iterator[dict]:
    """Eight requests of mixed lengths that arrive together: continuous compared with static batching."""
    lengths = (4, 48, 8, 32, 6, 24, 12, 16)
    requests = tuple(Request(f"{FREE} {'and so on ' * n}", n, 0.0) for n in lengths)
    *_, run = engine.batching.serve_both(Recipe(FREE), requests)
    assert isinstance(run, BatchingRun)
    ways = run.continuous, run.static
    yield row("8 mixed requests, continuous / static", *(way.rate for way in ways), "tokens/s", 1)
    ttft = [1e3 * sum(one.ttft for one in way.served) / len(lengths) for way in ways]
    yield row("8 mixed requests, mean TTFT, continuous / static", *ttft, "ms", 1)
    yield row("8 mixed requests, positions computed, continuous / static", *map(_positions, ways), "positions", 1)


def _positions(way) -> float:
    return float(sum(step.n_positions for step in way.steps))
