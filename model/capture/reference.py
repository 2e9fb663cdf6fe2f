"""The model's own eager attention in float32, on the very tensors of a pass: what captured weights are compared with.

A second pass in 16 bits differs from the first by the rounding of all layers before. On the same queries, keys and
values the difference is that of one computation in float32, whatever the dtype of the model.
"""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


@dataclass(frozen=True, eq=False)
class Reference:
    """One attention call: its `weight` (n_heads, q, k) in float32, by the model's own eager attention.

    `missed` is the largest difference of the call's output from the one in float32, as a share of the largest value.
    """

    weight: Tensor
    missed: float


@dataclass(frozen=True, eq=False)
class _Kept:
    modules: Collection[nn.Module] | None
    by_module: dict[nn.Module, list[Reference]]


_kept: ContextVar[_Kept | None] = ContextVar("references of the current forward passes", default=None)


@contextmanager
def referencing(modules: Collection[nn.Module] | None = None) -> Iterator[dict[nn.Module, list[Reference]]]:
    """Computes a reference in each recorded attention call of these modules (None: all); yields them by module."""
    kept = _Kept(modules, {})
    token = _kept.set(kept)
    try:
        yield kept.by_module
    finally:
        _kept.reset(token)


def own_eager(module: nn.Module, *args, **kwargs):
    """The eager attention of the model's own file, which applies what SDPA ignores (sinks, softcap)."""
    return sys.modules[type(module).__module__].eager_attention_forward(module, *args, **kwargs)


@torch.inference_mode()
def keep_reference(module: nn.Module, query, key, value, mask, scaling, extras: dict, output: Tensor) -> None:
    """Keeps the reference of one attention call (1, n_heads, q, d_head), whose output is (1, q, n_heads, d_value)."""
    kept = _kept.get()
    if kept is None or (kept.modules is not None and module not in kept.modules):
        return
    in_float = {name: _float(extra) for name, extra in extras.items()}
    scaling = scaling if scaling is not None else query.shape[-1] ** -0.5
    added = _additive(mask, query.shape[2], key.shape[2], query.device)
    right, weight = own_eager(module, query.float(), key.float(), value.float(), added, scaling=scaling, **in_float)
    missed = (output.float() - right).abs().max() / value.float().abs().max().clamp_min(1e-30)
    kept.by_module.setdefault(module, []).append(Reference(weight[0].float().cpu(), float(missed)))


def reference_rows(references: list[Reference], n: int) -> Tensor:
    """The weights (n_heads, n, n) of successive calls over `n` positions in all; keys that a cache evicted get 0."""
    rows, stop = [], 0
    for weight in (reference.weight for reference in references):
        stop += weight.shape[1]
        rows.append(pad(weight, (stop - weight.shape[2], n - stop)))
    return torch.cat(rows, dim=1)


def _float(extra):
    return extra.float() if torch.is_tensor(extra) and extra.is_floating_point() else extra


def _additive(mask: Tensor | None, n_queries: int, n_keys: int, device: torch.device) -> Tensor:
    """The mask as numbers to add to the scores: 0, or the least float32 where a key is hidden. None is causal."""
    if mask is None:
        own = torch.arange(n_keys - n_queries, n_keys, device=device)
        mask = (torch.arange(n_keys, device=device) <= own[:, None])[None, None]
    if mask.dtype == torch.bool:
        return torch.zeros(mask.shape, device=device).masked_fill(~mask, torch.finfo(torch.float32).min)
    return mask.float()
