"""Latency over length: prefills the prompt's own tokens, repeated or cut to each length, and decodes a few steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from model.cache.costs import costs_of
from model.latency.roofline import Limits, bound, dot
from model.network.language_model import LanguageModel
from model.network.sequence import CachedSequence
from model.records.kv import PassCost
from model.records.latency import LengthPoint, LengthSweep, Roofline
from model.records.progress import Progress
from model.runtime.budget import Budget
from model.runtime.timing import now

SHORTEST = 16
STEPS = 5
# A prefill that is faster than this is repeated, and its median is taken.
QUICK_SECONDS, REPEATS = 1.0, 3
# Doubling the length more than doubles the cost, because of attention.
GROWTH = 2.5


def length_sweep(
    lm: LanguageModel, ids: Sequence[int], longest: int, limits: Limits, budget: Budget
) -> Iterator[Progress | LengthSweep]:
    """Doubles the length up to `longest`; yields all points so far after each length."""
    lengths = [SHORTEST * 2**i for i in range(20) if SHORTEST * 2**i < longest] + [longest]
    measurements: list[_Measurement] = []
    last = 0.0
    for place, n in enumerate(lengths):
        yield Progress("Prefill of every length: tokens", n, longest)
        if not budget.allows(GROWTH * last):
            yield _sweep(measurements, limits, "time")
            return
        started = now(lm.device)
        measurements.append(_measure(lm, list(islice(cycle(ids), n))))
        last = now(lm.device) - started
        yield _sweep(measurements, limits, "limit" if place == len(lengths) - 1 else "")


@dataclass(frozen=True)
class _Measurement:
    """The seconds measured for one length, and the least cost of its two passes."""

    prefill: float
    step: float
    prefill_cost: PassCost
    step_cost: PassCost
    n_repeats: int


def _measure(lm: LanguageModel, ids: list[int]) -> _Measurement:
    sequence = CachedSequence(lm, ids[:1])
    prefills = [_seconds(sequence, ids)]
    while prefills[0] < QUICK_SECONDS and len(prefills) < REPEATS:
        sequence = CachedSequence(lm, ids[:1])
        prefills.append(_seconds(sequence, ids))
    steps = [_seconds(sequence, ids[:1]) for _ in range(STEPS)]
    costs, n = costs_of(lm, sequence.cache), len(ids)
    return _Measurement(median(prefills), median(steps), costs.least(n, n), costs.least(1, n + 1), len(prefills))


def _sweep(measurements: list[_Measurement], limits: Limits, ended: str) -> LengthSweep:
    """All points, under a roofline that is raised so that none of them exceeds it."""
    roofline = limits.ensure_measured()
    roofline = limits.raise_to(
        [dot(roofline, "prefill", one.prefill_cost, one.prefill) for one in measurements]
        + [dot(roofline, "decode", one.step_cost, one.step) for one in measurements]
    )
    return LengthSweep(tuple(_point(one, roofline) for one in measurements), roofline, ended)


def _point(measurement: _Measurement, roofline: Roofline) -> LengthPoint:
    return LengthPoint(
        n=measurement.prefill_cost.n_new,
        prefill=measurement.prefill,
        step=measurement.step,
        prefill_bound=bound(roofline, measurement.prefill_cost),
        step_bound=bound(roofline, measurement.step_cost),
        n_repeats=measurement.n_repeats,
        n_steps=STEPS,
    )


def _seconds(sequence: CachedSequence, ids: list[int]) -> float:
    started = now(sequence.lm.device)
    sequence.forward(ids, keep=1)
    return now(sequence.lm.device) - started
