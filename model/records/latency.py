"""Records of latency and throughput: a run's times, their split by part, and the limits of this machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """The times of one run, in seconds; rates in tokens per second.

    `itl` holds the inter-token latencies, only of tokens that this run generated itself.
    """

    n_prompt: int
    n_tokens: int
    ttft: float | None
    itl: tuple[float, ...]
    itl_p50: float | None
    itl_p95: float | None
    end_to_end: float
    prefill_rate: float | None
    decode_rate: float | None


@dataclass(frozen=True)
class StageSplit:
    """The time of a forward pass by part: (part, seconds), the mean of `n_passes`; the parts sum to `seconds`.

    `unhooked` is the mean of as many passes without the timers, alternating with the timed ones.
    """

    phase: str
    n_new: int
    parts: tuple[tuple[str, float], ...]
    seconds: float
    unhooked: float
    n_passes: int


@dataclass(frozen=True)
class StageTimes:
    """Prefill and decoding by part, and the work before and after the model. Seconds.

    `reason` says why attention and MLP could not be separated; empty if they were.
    """

    prefill: StageSplit
    decode: StageSplit
    tokenize: float
    sampling: float
    detokenize: float
    reason: str


@dataclass(frozen=True)
class Roofline:
    """The two limits of this machine: memory bandwidth in bytes per second, and FLOP per second in a matrix product.

    Each is the best of `n_products` products, unless a pass of the model did better: then `bandwidth_by_pass` or
    `flops_by_pass` is true, and the limit is what that pass achieved. `seconds` is the duration of the last
    measurement.
    """

    device: str
    dtype: str
    bandwidth: float
    flops: float
    seconds: float
    n_products: int = 0
    bandwidth_by_pass: bool = False
    flops_by_pass: bool = False

    def attainable(self, intensity: float) -> float:
        """FLOP/s attainable at `intensity` FLOP per byte: min(flops, intensity x bandwidth) (Williams et al. 2009)."""
        return min(self.flops, intensity * self.bandwidth)


@dataclass(frozen=True)
class RooflinePoint:
    """One kind of pass of this run as a point under the roofline: FLOPs and bytes by formula, seconds measured.

    `intensity` is FLOP per byte, `achieved` FLOP per second, `attainable` the roofline at that intensity and `share`
    the ratio achieved / attainable.
    """

    name: str
    n_new: int
    batch: int
    flops: int
    bytes: int
    seconds: float
    intensity: float
    achieved: float
    attainable: float
    share: float


@dataclass(frozen=True)
class RooflineRun:
    """The roofline and the points of this run."""

    roofline: Roofline
    dots: tuple[RooflinePoint, ...]


@dataclass(frozen=True)
class LengthPoint:
    """One prompt length: seconds of its prefill (median of `n_repeats`) and of a decoding step (median of `n_steps`).

    `prefill_bound` and `step_bound` are the shortest times that the roofline allows.
    """

    n: int
    prefill: float
    step: float
    prefill_bound: float
    step_bound: float
    n_repeats: int
    n_steps: int


@dataclass(frozen=True)
class LengthSweep:
    """Latency over prompt length so far, and the roofline of its bounds; `ended`: '' (not yet), 'limit' or 'time'."""

    points: tuple[LengthPoint, ...]
    roofline: Roofline
    ended: str


@dataclass(frozen=True)
class BatchPoint:
    """One batch size: the median step in seconds, and tokens per second over all rows.

    `equal`: each row's tokens are the same as those of a single row. `dot` is its point under the roofline;
    `cache_bytes` is the size of the batch's cache.
    """

    batch: int
    step: float
    rate: float
    equal: bool
    cache_bytes: int
    dot: RooflinePoint


@dataclass(frozen=True)
class Throughput:
    """Throughput over batch size so far, and the roofline above it.

    From batch size `bend` on, every doubling raised throughput by less than 50 %; None if the last one raised it by
    more. `slow_start`: the step from one row to two (from matrix-vector to matrix-matrix products) also raised it by
    less than 50 %, but later ones by more. `ended`: '' (not yet), 'limit', 'time' or 'memory'; `n_steps` is the number
    of steps per point.
    """

    points: tuple[BatchPoint, ...]
    roofline: Roofline
    bend: int | None
    slow_start: bool
    n_steps: int
    ended: str
