"""Records of estimates for other machines and models, by formula; only the fields `measured_*` are measurements."""

from dataclasses import dataclass

from model.records.kv import CacheShape
from model.records.run import Check


@dataclass(frozen=True)
class Machine:
    """What the formulas need to know of a machine: bytes, bytes per second, FLOP per second, and their source."""

    name: str
    memory_bytes: float
    bandwidth: float
    flops: float
    source: str


@dataclass(frozen=True)
class ModelSize:
    """What the formulas need to know of a model; a token uses `n_active` of its parameters, not all if it has experts.

    `cache` is the shape of its KV cache, in the dtype that the model is published in.
    """

    name: str
    model_id: str
    n_parameters: int
    n_active: int
    cache: CacheShape


@dataclass(frozen=True)
class Estimate:
    """One case, by formula, in bytes, seconds and tokens per second.

    `max_users` is 0 if not even one request fits; `weights_fit` says whether the weights alone do. A step takes at
    least the longer of `step_reading` and `step_computing`. `kv_bytes` is the cache of one user, `kv_bytes_per_token`
    what a token adds to it before any window is full.
    """

    machine: Machine
    model: ModelSize
    weight_bits: int
    cache_bits: int
    n_prompt: int
    n_context: int
    n_users: int
    weight_bytes: float
    kv_bytes: float
    kv_bytes_per_token: float
    memory_bytes: float
    weights_fit: bool
    fits: bool
    max_users: int
    prefill_flops: float
    ttft: float
    step_reading: float
    step_computing: float
    itl: float
    rate: float


@dataclass(frozen=True)
class WhatIf:
    """The requested case, the available choices, and this run's measurement beside its estimate.

    `measured_ttft` and `measured_itl` belong to this run, `own` is its estimate; None until this machine is measured.
    `checks` are of the same formulas on the loaded model.
    """

    estimate: Estimate
    machines: tuple[Machine, ...]
    models: tuple[ModelSize, ...]
    own: Estimate | None
    measured_ttft: float | None
    measured_itl: float | None
    checks: tuple[Check, ...] = ()
