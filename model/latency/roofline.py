"""Measures the two limits of this machine, and places the passes of a run under them.

Williams, Waterman & Patterson 2009, "Roofline: an insightful visual performance model".
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock

import torch

from model.network.language_model import LanguageModel
from model.records.kv import PassCost
from model.records.latency import Roofline, RooflinePoint
from model.runtime.timing import now

# Larger than any cache, so that every byte comes from memory.
READ_BYTES = 256 * 1024**2
SIDE = 2048
REPEATS = 5


@torch.inference_mode()
def measure_roofline(lm: LanguageModel) -> Roofline:
    """The best of a few matrix-vector products (bytes/s) and a few matrix products (FLOP/s), in the model's dtype."""
    device, dtype = lm.device, lm.dtype
    started = now(device)
    rows = READ_BYTES // (SIDE * dtype.itemsize)
    with lm.lock:
        matrix = torch.ones(rows, SIDE, device=device, dtype=dtype)
        vector = torch.ones(SIDE, device=device, dtype=dtype)
        reading = _best(lambda: torch.mv(matrix, vector), device)
        square = matrix[:SIDE].clone()
        multiplying = _best(lambda: square @ square, device)
    return Roofline(
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        bandwidth=matrix.nbytes / reading,
        flops=2 * SIDE**3 / multiplying,
        seconds=now(device) - started,
        n_products=REPEATS,
    )


def _best(work: Callable[[], object], device: torch.device) -> float:
    """The shortest of a few repetitions, in seconds, after one to warm up."""
    work()
    seconds = []
    for _ in range(REPEATS):
        started = now(device)
        work()
        seconds.append(now(device) - started)
    return min(seconds)


def dot(roofline: Roofline, name: str, cost: PassCost, seconds: float, batch: int = 1) -> RooflinePoint:
    """A pass that took `seconds`: the weights are read once for the whole batch, the cache of each row separately."""
    flops, n_bytes = batch * cost.flops, cost.weight_bytes + batch * cost.cache_bytes
    return under(
        roofline,
        RooflinePoint(
            name=name,
            n_new=cost.n_new,
            batch=batch,
            flops=flops,
            bytes=n_bytes,
            seconds=seconds,
            intensity=flops / n_bytes,
            achieved=flops / seconds,
            attainable=math.nan,
            share=math.nan,
        ),
    )


def under(roofline: Roofline, dot: RooflinePoint) -> RooflinePoint:
    """The point with its attainable FLOP/s under this roofline."""
    attainable = roofline.attainable(dot.intensity)
    return replace(dot, attainable=attainable, share=dot.achieved / attainable)


def bound(roofline: Roofline, cost: PassCost) -> float:
    """The least seconds that a pass takes: the longer of computing and reading."""
    return max(cost.flops / roofline.flops, (cost.weight_bytes + cost.cache_bytes) / roofline.bandwidth)


class Limits:
    """The best known roofline of one engine: each limit is the largest value so far, because other load only lowers it.

    A pass of the model counts too: if it achieved more than the measured limit, the limit was too low.
    """

    def __init__(self, measure: Callable[[], Roofline]):
        self._measure = measure
        self._lock = Lock()
        self._known: Roofline | None = None

    @property
    def known(self) -> Roofline | None:
        """The limits so far; None before the first measurement."""
        return self._known

    def ensure_measured(self) -> Roofline:
        """The limits so far, measured now if they were not before."""
        return self._known or self.measure()

    def measure(self) -> Roofline:
        """Measures again, and keeps the larger value of each limit."""
        roofline = self._measure()
        with self._lock:
            if self._known is not None:
                n_products = roofline.n_products + self._known.n_products
                best = _larger(self._known, roofline)
                roofline = replace(best, seconds=roofline.seconds, n_products=n_products)
            self._known = roofline
        return roofline

    def raise_to(self, dots: Iterable[RooflinePoint]) -> Roofline:
        """The limits, raised to what these passes achieved."""
        known = self.ensure_measured()
        with self._lock:
            known = self._known or known
            for dot in dots:
                achieved = replace(
                    known,
                    bandwidth=dot.bytes / dot.seconds,
                    flops=dot.achieved,
                    bandwidth_by_pass=True,
                    flops_by_pass=True,
                )
                known = _larger(known, achieved)
            self._known = known
            return known


def _larger(known: Roofline, other: Roofline) -> Roofline:
    """The larger value of each limit, and whether it came from a pass."""
    if other.bandwidth > known.bandwidth:
        known = replace(known, bandwidth=other.bandwidth, bandwidth_by_pass=other.bandwidth_by_pass)
    if other.flops > known.flops:
        known = replace(known, flops=other.flops, flops_by_pass=other.flops_by_pass)
    return known
