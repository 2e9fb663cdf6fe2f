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
    """The two limits of this machine, measured: bytes per second read, and FLOP per second of a matrix product."""

    device: str
    dtype: str
    bandwidth: float
    flops: float
    seconds: float

    def attainable(self, intensity: float) -> float:
        """FLOP/s that `intensity` FLOP per byte allow (Williams et al. 2009)."""
        return min(self.flops, intensity * self.bandwidth)


@dataclass(frozen=True)
class Dot:
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
class RoofedRun:
    """The roofline and the dots of this run."""

    roofline: Roofline
    dots: tuple[Dot, ...]


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
    """Latency over length so far; `ended` says why it ends: '', 'limit' or 'time'."""

    points: tuple[LengthPoint, ...]
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
    dot: Dot


@dataclass(frozen=True)
class Throughput:
    """Throughput over batch size so far. `bend` is the first size at which doubling gave less than half as much more.

    `ended` says why it ends: '', 'limit', 'time' or 'memory'; `n_steps` each point's decoding steps.
    """

    points: tuple[BatchPoint, ...]
    bend: int | None
    n_steps: int
    ended: str
