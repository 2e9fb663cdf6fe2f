"""The two limits of this machine, measured, and where the passes of a run stand below them.

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
    """The best of a few matrix-vector products (bytes/s) and matrix products (FLOP/s), in the model's own dtype."""
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
    work()
    taken = []
    for _ in range(REPEATS):
        started = now(device)
        work()
        taken.append(now(device) - started)
    return min(taken)


def dot(roofline: Roofline, name: str, cost: PassCost, seconds: float, batch: int = 1) -> RooflinePoint:
    """A pass that took `seconds`: the weights are read once for the whole batch, each row's cache for itself."""
    flops, read = batch * cost.flops, cost.weight_bytes + batch * cost.cache_bytes
    return under(
        roofline,
        RooflinePoint(
            name=name,
            n_new=cost.n_new,
            batch=batch,
            flops=flops,
            bytes=read,
            seconds=seconds,
            intensity=flops / read,
            achieved=flops / seconds,
            attainable=math.nan,
            share=math.nan,
        ),
    )


def under(roofline: Roofline, dot: RooflinePoint) -> RooflinePoint:
    """The dot below this roofline."""
    attainable = roofline.attainable(dot.intensity)
    return replace(dot, attainable=attainable, share=dot.achieved / attainable)


def bound(roofline: Roofline, cost: PassCost) -> float:
    """Seconds that a pass takes at least: the longer of computing and reading."""
    return max(cost.flops / roofline.flops, (cost.weight_bytes + cost.cache_bytes) / roofline.bandwidth)


class Limits:
    """The roofline as one engine knows it: each limit the most that was ever seen, for a busy moment can only lower it.

    What a pass of the model reached counts too: a machine that did so many FLOP/s can do them.
    """

    def __init__(self, measure: Callable[[], Roofline]):
        self._measure = measure
        self._lock = Lock()
        self._known: Roofline | None = None

    @property
    def known(self) -> Roofline | None:
        """What has been seen so far; None before the first measurement."""
        return self._known

    def measured(self) -> Roofline:
        """As it is known, measured at first use."""
        return self._known or self.measure()

    def measure(self) -> Roofline:
        """Measures now, and keeps the larger of each limit."""
        found = self._measure()
        with self._lock:
            if self._known is not None:
                n_products = found.n_products + self._known.n_products
                found = replace(_raised(self._known, found), seconds=found.seconds, n_products=n_products)
            self._known = found
        return found

    def reached(self, dots: Iterable[RooflinePoint]) -> Roofline:
        """As it is known after passes that may have done better."""
        known = self.measured()
        with self._lock:
            known = self._known or known
            for dot in dots:
                did = replace(
                    known,
                    bandwidth=dot.bytes / dot.seconds,
                    flops=dot.achieved,
                    bandwidth_by_pass=True,
                    flops_by_pass=True,
                )
                known = _raised(known, did)
            self._known = known
            return known


def _raised(known: Roofline, found: Roofline) -> Roofline:
    """The larger of each limit, with how it was found."""
    if found.bandwidth > known.bandwidth:
        known = replace(known, bandwidth=found.bandwidth, bandwidth_by_pass=found.bandwidth_by_pass)
    if found.flops > known.flops:
        known = replace(known, flops=found.flops, flops_by_pass=found.flops_by_pass)
    return known
