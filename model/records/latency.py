"""Records of latency and throughput: what a run took, where it went, and what this machine can do at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """What one run took, in seconds. `itl` holds the inter-token latencies, of tokens made in this run alone."""

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
    """Where the time of a forward pass goes: (part, seconds), mean of `n_passes`; the parts sum to `seconds`.

    `unhooked` is the mean of as many passes without the timers, taken in turns with those.
    """

    phase: str
    n_new: int
    parts: tuple[tuple[str, float], ...]
    seconds: float
    unhooked: float
    n_passes: int


@dataclass(frozen=True)
class StageTimes:
    """Prefill and decoding by part, and what stands before and behind the model. Seconds.

    `reason` says why attention and MLP are not told apart.
    """

    prefill: StageSplit
    decode: StageSplit
    tokenize: float
    sampling: float
    detokenize: float
    reason: str


@dataclass(frozen=True)
class Roofline:
    """The two limits of this machine: bytes per second read, and FLOP per second of a matrix product.

    Each is the best of `n_products` products, unless a pass of the model did better: then `bandwidth_by_pass` or
    `flops_by_pass` is true, and the limit is what that pass reached. `seconds` is what the last measurement took.
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
        """FLOP/s that `intensity` FLOP per byte allow (Williams et al. 2009)."""
        return min(self.flops, intensity * self.bandwidth)


@dataclass(frozen=True)
class RooflinePoint:
    """One kind of pass of this run under the roof: FLOPs and bytes by formula, seconds measured.

    `intensity` is FLOPs per byte, `achieved` FLOPs per second, `share` that over what the roof allows.
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
    """The roofline and the dots of this run."""

    roofline: Roofline
    dots: tuple[RooflinePoint, ...]


@dataclass(frozen=True)
class LengthPoint:
    """One prompt length: seconds of its prefill and of a decoding step behind it, medians of `n_repeats` and `n_steps`.

    `prefill_bound` and `step_bound` are what the roofline allows at best.
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
    """Latency over length so far, and the roofline of its bounds; `ended` says why it ends: '', 'limit' or 'time'."""

    points: tuple[LengthPoint, ...]
    roofline: Roofline
    ended: str


@dataclass(frozen=True)
class BatchPoint:
    """One batch size: the median step in seconds, and tokens per second of all rows.

    `equal`: each row's tokens are those of one row alone. `dot` stands under the roofline; `cache_bytes` is what the
    batch's cache holds.
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

    From `bend` on every doubling gave less than half as much again; None where the last one still gave more.
    `slow_start`: from one row to two, which are no matrix-vector product any more, it grew by less than that too,
    and by more again behind. `ended` says why it ends: '', 'limit', 'time' or 'memory'; `n_steps` each point's steps.
    """

    points: tuple[BatchPoint, ...]
    roofline: Roofline
    bend: int | None
    slow_start: bool
    n_steps: int
    ended: str
