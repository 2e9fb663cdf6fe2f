"""Throughput over batch size: decodes one prompt greedily in many rows at once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

import torch

from model.cache.costs import costs_of
from model.latency.roofline import Limits, dot, under
from model.network.cache_layers import kv_layers
from model.network.forward import cache_argument
from model.network.language_model import LanguageModel
from model.network.sequence import CachedSequence
from model.records.latency import BatchPoint, Throughput
from model.records.progress import Progress
from model.request.errors import UserError
from model.runtime.budget import Budget
from model.runtime.devices import free_bytes
from model.runtime.timing import now

SIZES = (1, 2, 4, 8, 16, 32, 64)
STEPS = 8
# The share of free memory that a batch's cache may take.
MEMORY_SHARE = 0.25
# Throughput bends where doubling the batch raises it by less than this factor.
MIN_GROWTH = 1.5


def throughput(
    lm: LanguageModel, ids: Sequence[int], largest: int, limits: Limits, budget: Budget
) -> Iterator[Progress | Throughput]:
    """Doubles the batch up to `largest`; yields all points so far after each size. Compares each row with a single row.

    Raises UserError for a model with recurrent layers, whose cache cannot be repeated.
    """
    sizes = [size for size in SIZES if size < largest] + [largest]
    points: list[BatchPoint] = []
    alone = CachedSequence(lm, [*ids, 0])
    if not all(hasattr(layer, "batch_repeat_interleave") for layer in alone.cache.layers):
        raise UserError(
            "The cache of this model has recurrent layers, which cannot be repeated for a batch of equal rows."
        )
    row_bytes = sum(keys.nbytes + values.nbytes for _, keys, values in kv_layers(alone.cache))
    cost = costs_of(lm, alone.cache).least(1, len(ids) + STEPS // 2)
    expected: list[int] = []
    for size in sizes:
        yield Progress("Decoding in batches: rows", size, sizes[-1])
        last = points[-1].step * STEPS if points else 0.0
        if not budget.allows(2 * last) or size * row_bytes > MEMORY_SHARE * free_bytes(lm.device.type):
            yield _throughput(points, limits, "memory" if budget.allows(2 * last) else "time")
            return
        step_seconds, rows = _decode(lm, list(ids), size)
        expected = expected or rows[0]
        step = median(step_seconds)
        points.append(
            BatchPoint(
                batch=size,
                step=step,
                rate=size / step,
                equal=all(row == expected for row in rows),
                cache_bytes=size * row_bytes,
                dot=dot(limits.ensure_measured(), f"decode × {size}", cost, step, size),
            )
        )
        yield _throughput(points, limits, "limit" if size == sizes[-1] else "")


@torch.inference_mode()
def _decode(lm: LanguageModel, ids: list[int], size: int) -> tuple[list[float], list[list[int]]]:
    """The seconds of each of `STEPS` steps with `size` equal rows, and the tokens of each row."""
    sequence = CachedSequence(lm, ids[:1])
    first = int(sequence.forward(ids, keep=1)[0].argmax())
    sequence.cache.batch_repeat_interleave(size)
    column = torch.full((size, 1), first, device=lm.device)
    step_seconds, columns = [], [column]
    for _ in range(STEPS):
        with lm.lock:
            started = now(lm.device)
            out = lm.model(column, **cache_argument(lm, sequence.cache), use_cache=True, logits_to_keep=1)
            column = out.logits[:, -1].argmax(-1, keepdim=True)
            step_seconds.append(now(lm.device) - started)
        columns.append(column)
    return step_seconds, torch.cat(columns, dim=1).tolist()


def _throughput(points: list[BatchPoint], limits: Limits, ended: str) -> Throughput:
    """All points, under a roofline that is raised so that none of them exceeds it, and where the curve bends."""
    roofline = limits.raise_to([point.dot for point in points])
    raised = tuple(replace(point, dot=under(roofline, point.dot)) for point in points)
    bend, slow_start = bend_of([(point.batch, point.rate) for point in points])
    return Throughput(raised, roofline, bend, slow_start, STEPS, ended)


def bend_of(rates: Sequence[tuple[int, float]]) -> tuple[int | None, bool]:
    """From (batch, rate) pairs: the batch from which every doubling raises the rate by less than 50 %, and whether
    the first doubling did so, too, although a later one raised it by more.
    """
    pairs = list(pairwise(rates))
    slow = [b < a * MIN_GROWTH ** math.log2(n_b / n_a) for (n_a, a), (n_b, b) in pairs]
    last_fast = max((place for place, is_slow in enumerate(slow) if not is_slow), default=-1)
    first_slow = last_fast + 1
    # One row is a matrix-vector product: the step to two rows alone does not show where the curve bends.
    bends = first_slow < len(pairs) and (first_slow > 0 or len(pairs) > 1)
    bend = rates[first_slow][0] if bends else None
    return bend, bool(slow and slow[0] and bend != rates[0][0])
