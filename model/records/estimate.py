"""Records of estimates: what other machines and models would do, by formula. Nothing here was measured."""

from dataclasses import dataclass

from model.records.kv import CacheShape


@dataclass(frozen=True)
class Machine:
    """What the formulas need of a machine: bytes, bytes per second, FLOP per second, and where they are from."""

    name: str
    memory_bytes: float
    bandwidth: float
    flops: float
    source: str


@dataclass(frozen=True)
class ModelSize:
    """What the formulas need of a model; `n_active` parameters work on one token, fewer than all with experts.

    `cache` is the shape of its KV cache, in whatever numbers the model is published in.
    """

    name: str
    model_id: str
    n_parameters: int
    n_active: int
    cache: CacheShape


@dataclass(frozen=True)
class Estimate:
    """One case by formula. Bytes, seconds, tokens per second.

    `max_users` is 0 when not even one request fits; `weights_fit` says whether the weights alone do. `step_reading` and
    `step_computing` are the two sides of the longer of which a step takes at least. `kv_bytes` are one user's,
    `kv_bytes_per_token` what a token adds to them before any window is full.
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
    """The case that was asked for, what can be chosen, and this run measured beside its own estimate.

    `measured_ttft` and `measured_itl` are of this run, `own` is its estimate; None until this machine was measured.
    """

    estimate: Estimate
    machines: tuple[Machine, ...]
    models: tuple[ModelSize, ...]
    own: Estimate | None
    measured_ttft: float | None
    measured_itl: float | None
