"""From weighted values to W_O's output: what each head writes through its own slice of W_O.

W_O's output = sum over heads of entry_head W_O[head] + bias (Elhage et al. 2021). The entry is the head's slice of what
enters W_O: its z, or z after a gate or a norm that some families apply in between.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.network.anatomy import weight_of


@dataclass(frozen=True, eq=False)
class OutputProjection:
    """W_O of one attention layer: weight (n_heads, d_v, d_model), bias (d_model,) or None.

    `direct`: the heads' values enter it as they are. Otherwise the model changes them first, each head's by itself.
    """

    module: nn.Module
    weight: Tensor
    bias: Tensor | None
    direct: bool


def projection_of(module: nn.Linear | Conv1D, n_heads: int, direct: bool) -> OutputProjection:
    """The module as W_O, its rows split by heads."""
    # Conv1D (GPT-2) stores (in, out), Linear (out, in).
    by_input = weight_of(module) if isinstance(module, Conv1D) else weight_of(module).T
    return OutputProjection(module, by_input.unflatten(0, (n_heads, -1)), module.bias, direct)


@torch.inference_mode()
def head_parts(projection: OutputProjection, entry: Tensor) -> Tensor:
    """Each head's part of W_O's output (n_heads, ..., d_model), float32 on the CPU; entry (n_heads, ..., d_v)."""
    weight = projection.weight.float().cpu()
    flat = entry.float().cpu().flatten(1, -2) if entry.ndim > 2 else entry.float().cpu()[:, None]
    return (flat @ weight).reshape(*entry.shape[:-1], weight.shape[-1])


def output_bias(projection: OutputProjection) -> Tensor:
    """The bias of W_O (d_model,), zeros if it has none. It belongs to no head, but to the sum of all."""
    if projection.bias is None:
        return torch.zeros(projection.weight.shape[-1])
    return projection.bias.detach().float().cpu()
