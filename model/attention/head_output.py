"""From weighted values to attn_out: what each head writes through its own slice of W_O.

attn_out = sum over heads of z_head W_O[head] + bias (Elhage et al. 2021). W_O is found by structure: the last linear
map inside the attention module from all heads' values to d_model. `model.attention.check_head` verifies it by comparing
the sum of the parts with the module's output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.capture.capture import LayerCapture
from model.runtime.present import present


@dataclass(frozen=True, eq=False)
class OutputProjection:
    """W_O of one attention module: weight (n_heads, d_v, d_model), bias (d_model,) or None."""

    module: nn.Module
    weight: Tensor
    bias: Tensor | None


def output_projection(layer: LayerCapture, d_model: int) -> OutputProjection | None:
    """W_O of a captured layer, split by heads; None if the attention module has no such linear map."""
    n_heads, d_v = layer.n_heads, layer.values[0].shape[-1]
    projection = None
    for module in present(layer.module).modules():
        if not isinstance(module, nn.Linear | Conv1D):
            continue
        # Conv1D (GPT-2) stores (in, out), Linear (out, in).
        by_input = module.weight if isinstance(module, Conv1D) else module.weight.T
        if tuple(by_input.shape) == (n_heads * d_v, d_model):
            projection = OutputProjection(module, by_input.unflatten(0, (n_heads, d_v)), module.bias)
    return projection


@torch.inference_mode()
def head_parts(projection: OutputProjection, z: Tensor) -> Tensor:
    """Each head's part of attn_out (n_heads, ..., d_model), float32 on the CPU, from z (n_heads, ..., d_v)."""
    weight = projection.weight.float().cpu()
    flat = z.float().cpu().flatten(1, -2) if z.ndim > 2 else z.float().cpu()[:, None]
    return (flat @ weight).reshape(*z.shape[:-1], weight.shape[-1])


def output_bias(projection: OutputProjection) -> Tensor:
    """The bias of W_O (d_model,), zeros if it has none. It belongs to no head, but to the sum of all."""
    if projection.bias is None:
        return torch.zeros(projection.weight.shape[-1])
    return projection.bias.detach().float().cpu()
