"""Throughput over batch size: one prompt in many rows, decoded together, greedily."""

from collections.abc import Iterator, Sequence
from statistics import median

import torch

from model.budget import Budget
from model.costs import costs_of
from model.decoding import Decoding
from model.devices import free_bytes
from model.errors import UserError
from model.forward import cached
from model.language_model import LanguageModel
from model.progress import Progress
from model.records_latency import BatchPoint, Roofline, Throughput
from model.roofline import dot
from model.timing import now

SIZES = (1, 2, 4, 8, 16, 32, 64)
STEPS = 8
# Of the free memory, what a batch's cache may take.
MEMORY_SHARE = 0.25
ENOUGH_MORE = 1.5


def throughput(
    lm: LanguageModel, ids: Sequence[int], largest: int, roofline: Roofline, budget: Budget
) -> Iterator[Progress | Throughput]:
    """Doubles the batch up to `largest`; yields all points so far after each. Row by row equal to the run alone."""
    found = Throughput((), None, STEPS, "")
    sizes = [size for size in SIZES if size <= largest]
    alone = Decoding(lm, [*ids, 0])
    if not all(hasattr(layer, "batch_repeat_interleave") for layer in alone.cache.layers):
        raise UserError(
            "The cache of this model has recurrent layers, which cannot be repeated for a batch of equal rows."
        )
    row_bytes = sum(layer.keys.nbytes + layer.values.nbytes for layer in alone.cache.layers)
    expected: list[int] = []
    for size in sizes:
        yield Progress("Decoding in batches: rows", size, sizes[-1])
        last = found.points[-1].step * STEPS if found.points else 0.0
        if not budget.allows(2 * last) or size * row_bytes > MEMORY_SHARE * free_bytes(lm.device.type):
            yield _ended(found, "memory" if budget.allows(2 * last) else "time")
            return
        taken, rows = _decode(lm, list(ids), size)
        expected = expected or rows[0]
        costs = costs_of(lm, alone.cache).cached(1, len(ids) + STEPS // 2)
        step = median(taken)
        found = _with(
            found,
            BatchPoint(
                batch=size,
                step=step,
                rate=size / step,
                equal=all(row == expected for row in rows),
                cache_bytes=size * row_bytes,
                dot=dot(roofline, f"decode × {size}", costs, step, size),
            ),
        )
        yield _ended(found, "limit") if size == sizes[-1] else found


@torch.inference_mode()
def _decode(lm: LanguageModel, ids: list[int], size: int) -> tuple[list[float], list[list[int]]]:
    """Seconds of each of `STEPS` steps of `size` equal rows, and the tokens of each row."""
    decoding = Decoding(lm, ids[:1])
    first = int(decoding.forward(ids, keep=1)[0].argmax())
    decoding.cache.batch_repeat_interleave(size)
    column = torch.full((size, 1), first, device=lm.device)
    taken, columns = [], [column]
    for _ in range(STEPS):
        with lm.lock:
            started = now(lm.device)
            out = lm.model(column, **cached(lm, decoding.cache), use_cache=True, logits_to_keep=1)
            column = out.logits[:, -1].argmax(-1, keepdim=True)
            taken.append(now(lm.device) - started)
        columns.append(column)
    return taken, torch.cat(columns, dim=1).tolist()


def _with(found: Throughput, point: BatchPoint) -> Throughput:
    points = (*found.points, point)
    pairs = zip(points, points[1:], strict=False)
    bend = next((b.batch for a, b in pairs if b.rate < ENOUGH_MORE * a.rate), None)
    return Throughput(points, bend, STEPS, "")


def _ended(found: Throughput, why: str) -> Throughput:
    return Throughput(found.points, found.bend, STEPS, why)
