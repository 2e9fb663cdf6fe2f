"""Latency over length: the prompt's own tokens, repeated or cut to each length, prefilled and then decoded behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from model.cache.costs import costs_of
from model.latency.roofline import Limits, bound, dot
from model.network.language_model import LanguageModel
from model.network.sequence import Decoding
from model.records.kv import PassCost
from model.records.latency import LengthPoint, LengthSweep, Roofline
from model.runtime.budget import Budget
from model.runtime.progress import Progress
from model.runtime.timing import now

SHORTEST = 16
STEPS = 5
# A prefill that is this quick is repeated, for its median.
QUICK_SECONDS, REPEATS = 1.0, 3
# Attention makes the next, doubled length cost more than twice as much.
GROWTH = 2.5


def length_sweep(
    lm: LanguageModel, ids: Sequence[int], longest: int, limits: Limits, budget: Budget
) -> Iterator[Progress | LengthSweep]:
    """Doubles the length up to `longest`; yields all points so far after each."""
    lengths = [SHORTEST * 2**i for i in range(20) if SHORTEST * 2**i < longest] + [longest]
    taken: list[_Taken] = []
    last = 0.0
    for place, n in enumerate(lengths):
        yield Progress("Prefill of every length: tokens", n, longest)
        if not budget.allows(GROWTH * last):
            yield _found(taken, limits, "time")
            return
        started = now(lm.device)
        taken.append(_take(lm, list(islice(cycle(ids), n))))
        last = now(lm.device) - started
        yield _found(taken, limits, "limit" if place == len(lengths) - 1 else "")


@dataclass(frozen=True)
class _Taken:
    """One length as it was measured: seconds, and what its two passes cost at least."""

    prefill: float
    step: float
    prefill_cost: PassCost
    step_cost: PassCost
    n_repeats: int


def _take(lm: LanguageModel, ids: list[int]) -> _Taken:
    decoding = Decoding(lm, ids[:1])
    taken = [_seconds(decoding, ids)]
    while taken[0] < QUICK_SECONDS and len(taken) < REPEATS:
        decoding = Decoding(lm, ids[:1])
        taken.append(_seconds(decoding, ids))
    steps = [_seconds(decoding, ids[:1]) for _ in range(STEPS)]
    costs, n = costs_of(lm, decoding.cache), len(ids)
    return _Taken(median(taken), median(steps), costs.least(n, n), costs.least(1, n + 1), len(taken))


def _found(taken: list[_Taken], limits: Limits, ended: str) -> LengthSweep:
    """All points under a roof that none of them passes."""
    here = limits.measured()
    roofline = limits.reached(
        [dot(here, "prefill", one.prefill_cost, one.prefill) for one in taken]
        + [dot(here, "decode", one.step_cost, one.step) for one in taken]
    )
    return LengthSweep(tuple(_point(one, roofline) for one in taken), roofline, ended)


def _point(taken: _Taken, roofline: Roofline) -> LengthPoint:
    return LengthPoint(
        n=taken.prefill_cost.n_new,
        prefill=taken.prefill,
        step=taken.step,
        prefill_bound=bound(roofline, taken.prefill_cost),
        step_bound=bound(roofline, taken.step_cost),
        n_repeats=taken.n_repeats,
        n_steps=STEPS,
    )


def _seconds(decoding: Decoding, ids: list[int]) -> float:
    started = now(decoding.lm.device)
    decoding.forward(ids, keep=1)
    return now(decoding.lm.device) - started
