"""Norms and matrices as linear maps at one input, with the norm's scale held fixed at its value there.

The effects of the parts of an input on the output then add up exactly (Elhage et al. 2021). The kind of norm is the one
that reproduces the module's own output.
"""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.layers.block_parts import matrix
from model.request.errors import UserError

# The largest error of a norm, as a share of the output's largest entry.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 6e-2}


@dataclass(frozen=True, eq=False)
class FrozenNorm:
    """output = gain * (x - mean(x) if `centred`, else x) + bias, elementwise, float64."""

    gain: Tensor
    centred: bool
    bias: Tensor

    def push(self, x: Tensor) -> Tensor:
        """The contribution of a part x (..., d) of the input to the output."""
        return self.gain * (x - x.mean(-1, keepdim=True) if self.centred else x)

    def pull(self, u: Tensor) -> Tensor:
        """The direction in the input that corresponds to direction u (..., d) in the output."""
        direction = self.gain * u
        return direction - direction.mean(-1, keepdim=True) if self.centred else direction


@dataclass(frozen=True, eq=False)
class FrozenMatrix:
    """output = x @ weight + bias, float64; weight (in, out)."""

    weight: Tensor
    bias: Tensor

    def push(self, x: Tensor) -> Tensor:
        """The contribution of a part x (..., in) of the input to the output."""
        return x @ self.weight

    def pull(self, u: Tensor) -> Tensor:
        """The direction in the input that corresponds to direction u (..., out) in the output."""
        return u @ self.weight.T


Frozen = FrozenNorm | FrozenMatrix


def freeze(module: nn.Module, x: Tensor, y: Tensor) -> Frozen:
    """The module as a linear map at input x (d,) with output y. Raises UserError if it is neither norm nor matrix."""
    x, y = x.double(), y.double()
    if isinstance(module, nn.Linear | Conv1D):
        weight = matrix(module).detach().double().cpu()
        return FrozenMatrix(weight, _vector(module.bias, weight.shape[1]))
    weight, bias = getattr(module, "weight", None), _vector(getattr(module, "bias", None), len(y))
    ones = torch.ones_like(y)
    # gemma stores its weights minus 1.
    weights = [ones] if weight is None else [_vector(weight, len(y)), 1 + _vector(weight, len(y)), ones]
    fits = [_fit(w, centred, bias, x, y) for w, centred in product(weights, (False, True))]
    error, norm = min(fits, key=lambda pair: pair[0])
    dtype = torch.float32 if weight is None else weight.dtype
    if not error <= TOLERANCE[dtype]:
        raise UserError(
            f"{type(module).__name__} is no norm that is known here (its output is missed by {error:.1g} of its "
            "largest entry), so what enters it cannot be split into parts. Choose another model for this view."
        )
    return norm


def _fit(weight: Tensor, centred: bool, bias: Tensor, x: Tensor, y: Tensor) -> tuple[float, FrozenNorm]:
    """Its largest error relative to y's largest entry, and the norm with this weight and the best single scale."""
    shape = weight * (x - x.mean() if centred else x)
    scale = (shape @ (y - bias)) / (shape @ shape).clamp_min(1e-300)
    error = (scale * shape + bias - y).abs().max() / y.abs().max().clamp_min(1e-300)
    return float(error), FrozenNorm(scale * weight, centred, bias)


def _vector(parameter: Tensor | None, size: int) -> Tensor:
    if parameter is None:
        return torch.zeros(size, dtype=torch.float64)
    return parameter.detach().double().cpu()
