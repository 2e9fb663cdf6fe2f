"""The two limits of this machine, measured, and where the passes of a run stand below them.

Williams, Waterman & Patterson 2009, "Roofline: an insightful visual performance model".
"""

from collections.abc import Callable

import torch

from model.costs import Costs
from model.language_model import LanguageModel
from model.records_kv import PassCost
from model.records_latency import Dot, Roofline
from model.timing import now

# Larger than any cache, so that every byte comes from memory.
READ_BYTES = 256 * 1024**2
SIDE = 2048
REPEATS = 5


@torch.inference_mode()
def measure_roofline(lm: LanguageModel) -> Roofline:
    """The best of a few matrix-vector products (bytes/s) and matrix products (FLOP/s), in the model's own dtype."""
    device, dtype = lm.device, lm.anatomy.embed.weight.dtype
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
    )


def _best(work: Callable[[], object], device: torch.device) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        started = now(device)
        work()
        taken.append(now(device) - started)
    return min(taken)


def dot(roofline: Roofline, name: str, cost: PassCost, seconds: float, batch: int = 1) -> Dot:
    """A pass that took `seconds`: the weights are read once for the whole batch, each row's cache for itself."""
    flops, read = batch * cost.flops, cost.weight_bytes + batch * cost.cache_bytes
    intensity = flops / read
    attainable = roofline.attainable(intensity)
    achieved = flops / seconds
    return Dot(
        name=name,
        n_new=cost.n_new,
        batch=batch,
        flops=flops,
        bytes=read,
        seconds=seconds,
        intensity=intensity,
        achieved=achieved,
        attainable=attainable,
        share=achieved / attainable,
    )


def bound(roofline: Roofline, costs: Costs, n_new: int, n_keys: int) -> float:
    """Seconds that a pass takes at least: the longer of computing and reading."""
    cost = costs.cached(n_new, n_keys)
    return max(cost.flops / roofline.flops, (cost.weight_bytes + cost.cache_bytes) / roofline.bandwidth)
