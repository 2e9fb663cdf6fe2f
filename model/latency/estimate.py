"""Estimates memory, users, TTFT, ITL and throughput by formula from measured or published figures.

By the roofline model (Williams et al. 2009), a pass takes the longer of reading its bytes and computing its FLOPs. The
weights are read once per step for all users, and each user's KV cache separately. Real systems reach only a part of
this.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import psutil
import torch

from model.cache.sizes import own_shape, published, size_of
from model.records.estimate import Estimate, Machine, ModelSize
from model.records.kv import CacheShape
from model.records.latency import Roofline
from model.records.run import ModelCard

TABLE = Path(__file__).resolve().parents[2] / "assets" / "whatif.json"
# The share of memory for weights and caches; the rest is for activations and the framework.
USABLE = 0.9
# The number formats of a KV cache, by bits.
CACHE_NUMBERS = {8: "float8", 16: "bfloat16", 32: "float32"}


def machines() -> tuple[Machine, ...]:
    """Well-known machines with their published figures."""
    return tuple(Machine(**entry) for entry in _table()["machines"])


def model_sizes() -> tuple[ModelSize, ...]:
    """Well-known models with their published shapes and parameter counts."""
    shapes = {shape.model_id: shape for shape in published()}
    sizes = []
    for entry in _table()["models"]:
        shape = shapes[entry["model_id"]]
        sizes.append(
            ModelSize(
                name=shape.name,
                model_id=shape.model_id,
                n_parameters=entry["n_parameters"],
                n_active=entry.get("n_active", entry["n_parameters"]),
                cache=shape,
            )
        )
    return tuple(sizes)


def own_size(card: ModelCard) -> ModelSize:
    """The size of the loaded model, with the measured shape of its cache."""
    return ModelSize(
        name=card.model_id.rpartition("/")[2],
        model_id=card.model_id,
        n_parameters=card.n_parameters,
        n_active=card.n_active,
        cache=own_shape(card),
    )


def this_machine(roofline: Roofline, device: torch.device) -> Machine:
    """This machine, with its measured limits."""
    on_cuda = device.type == "cuda"
    memory = torch.cuda.mem_get_info(device)[1] if on_cuda else psutil.virtual_memory().total
    source = f"measured here, {roofline.dtype} on {roofline.device}"
    return Machine("this machine", float(memory), roofline.bandwidth, roofline.flops, source)


def estimate(
    machine: Machine,
    model: ModelSize,
    weight_bits: int,
    n_prompt: int,
    n_context: int,
    n_users: int,
    cache_bits: int = 16,
) -> Estimate:
    """One case: a prefill of `n_prompt` tokens, and a step with `n_context` positions in the cache of each user."""
    weight_bytes = model.n_parameters * weight_bits / 8
    active_bytes = model.n_active * weight_bits / 8
    cache = size_of(replace(model.cache, dtype=CACHE_NUMBERS[cache_bits]), n_context)
    kv_bytes = float(cache.bytes)
    usable = USABLE * machine.memory_bytes
    memory = weight_bytes + n_users * kv_bytes
    prefill_flops = 2.0 * n_prompt * model.n_active + _attention_flops(model.cache, n_prompt)
    # Different users may need different experts, up to all weights.
    step_bytes = min(weight_bytes, active_bytes * n_users) + n_users * kv_bytes
    reading, computing = step_bytes / machine.bandwidth, 2.0 * n_users * model.n_active / machine.flops
    itl = max(reading, computing)
    return Estimate(
        machine=machine,
        model=model,
        weight_bits=weight_bits,
        cache_bits=cache_bits,
        n_prompt=n_prompt,
        n_context=n_context,
        n_users=n_users,
        weight_bytes=weight_bytes,
        kv_bytes=kv_bytes,
        kv_bytes_per_token=float(cache.bytes_per_token),
        memory_bytes=memory,
        weights_fit=weight_bytes <= usable,
        fits=memory <= usable,
        max_users=max(0, math.floor((usable - weight_bytes) / kv_bytes)),
        prefill_flops=prefill_flops,
        ttft=max(prefill_flops / machine.flops, active_bytes / machine.bandwidth),
        step_reading=reading,
        step_computing=computing,
        itl=itl,
        rate=n_users / itl,
    )


def _attention_flops(shape: CacheShape, n: int) -> float:
    """Attention's FLOPs in a prefill of `n`: 2·n_heads·(d_head + d_value) per pair of positions that masks allow.

    With a latent cache these are the widths of its keys and values once unfolded: the matrix that unfolds them is among
    the active parameters, and is counted there.
    """
    width = min(n, shape.window or n)
    causal, windowed = n * (n + 1) / 2, width * (width + 1) / 2 + (n - width) * width
    pairs = (shape.n_layers - shape.windowed_layers) * causal + shape.windowed_layers * windowed
    return 2.0 * shape.n_heads * (shape.d_head + (shape.d_value or shape.d_head)) * pairs


def _table() -> dict:
    return json.loads(TABLE.read_text(encoding="utf-8"))
