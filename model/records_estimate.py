"""Records of estimates: what other machines and models would do, by formula. Nothing here was measured."""

from dataclasses import dataclass


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
    """What the formulas need of a model; `n_active` parameters work on one token, fewer than all with experts."""

    name: str
    model_id: str
    n_parameters: int
    n_active: int
    n_layers: int
    n_heads: int
    d_head: int
    kv_bytes_per_token: int


@dataclass(frozen=True)
class Estimate:
    """One case by formula. Bytes, seconds, tokens per second.

    `max_users` is 0 when not even one request fits. `step_reading` and `step_computing` are the two sides of the
    longer of which a step takes at least.
    """

    machine: Machine
    model: ModelSize
    weight_bits: int
    n_prompt: int
    n_context: int
    n_users: int
    weight_bytes: float
    kv_bytes: float
    memory_bytes: float
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
