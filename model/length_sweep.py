"""Latency over length: the prompt's own tokens, repeated or cut to each length, prefilled and then decoded behind."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from statistics import median

from model.budget import Budget
from model.costs import costs_of
from model.decoding import Decoding
from model.language_model import LanguageModel
from model.progress import Progress
from model.records_latency import LengthPoint, LengthSweep, Roofline
from model.roofline import bound
from model.timing import now

SHORTEST = 16
STEPS = 5
# A prefill that is this quick is repeated, for its median.
QUICK_SECONDS, REPEATS = 1.0, 3
# Attention makes the next, doubled length cost more than twice as much.
GROWTH = 2.5


def length_sweep(
    lm: LanguageModel, ids: Sequence[int], longest: int, roofline: Roofline, budget: Budget
) -> Iterator[Progress | LengthSweep]:
    """Doubles the length up to `longest`; yields all points so far after each."""
    lengths = [SHORTEST * 2**i for i in range(20) if SHORTEST * 2**i < longest] + [longest]
    points: tuple[LengthPoint, ...] = ()
    last = 0.0
    for place, n in enumerate(lengths):
        yield Progress("Prefill of every length: tokens", n, longest)
        if not budget.allows(GROWTH * last):
            yield LengthSweep(points, "time")
            return
        started = now(lm.device)
        points = (*points, _point(lm, list(islice(cycle(ids), n)), roofline))
        last = now(lm.device) - started
        yield LengthSweep(points, "limit" if place == len(lengths) - 1 else "")


def _point(lm: LanguageModel, ids: list[int], roofline: Roofline) -> LengthPoint:
    taken: list[float] = []
    while not taken or (taken[0] < QUICK_SECONDS and len(taken) < REPEATS):
        decoding = Decoding(lm, ids[:1])
        taken.append(_seconds(decoding, ids))
    steps = [_seconds(decoding, ids[:1]) for _ in range(STEPS)]
    costs, n = costs_of(lm, decoding.cache), len(ids)
    return LengthPoint(
        n=n,
        prefill=median(taken),
        step=median(steps),
        prefill_bound=bound(roofline, costs, n, n),
        step_bound=bound(roofline, costs, 1, n + 1),
        n_repeats=len(taken),
        n_steps=STEPS,
    )


def _seconds(decoding: Decoding, ids: list[int]) -> float:
    started = now(decoding.lm.device)
    decoding.forward(ids, keep=1)
    return now(decoding.lm.device) - started
