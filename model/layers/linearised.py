"""Norms and matrices as linear maps at one input: the norm's scale is held at what it is there.

So the effect of any part of the input on the output is exact and adds up (Elhage et al. 2021; nostalgebraist's
logit lens). Which kind of norm it is is found by numbers: the one whose output is the module's own.
"""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.layers.block_parts import matrix
from model.request.errors import UserError

# Share of the output's largest entry that a norm may be off by.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 6e-2}


@dataclass(frozen=True, eq=False)
class FrozenNorm:
    """output = gain * (x - mean(x) if `centred`) + bias, elementwise, float64."""

    gain: Tensor
    centred: bool
    bias: Tensor

    def push(self, x: Tensor) -> Tensor:
        """What a part x (..., d) of the input adds to the output."""
        return self.gain * (x - x.mean(-1, keepdim=True) if self.centred else x)

    def pull(self, u: Tensor) -> Tensor:
        """The direction of the input that direction u (..., d) of the output reads."""
        read = self.gain * u
        return read - read.mean(-1, keepdim=True) if self.centred else read


@dataclass(frozen=True, eq=False)
class FrozenMatrix:
    """output = x @ weight + bias, float64; weight (in, out)."""

    weight: Tensor
    bias: Tensor

    def push(self, x: Tensor) -> Tensor:
        """What a part x (..., in) of the input adds to the output."""
        return x @ self.weight

    def pull(self, u: Tensor) -> Tensor:
        """The direction of the input that direction u (..., out) of the output reads."""
        return u @ self.weight.T


Frozen = FrozenNorm | FrozenMatrix


def freeze(module: nn.Module, x: Tensor, y: Tensor) -> Frozen:
    """The module as a linear map at input x (d,), where it gave y. Raises UserError for what is neither kind."""
    x, y = x.double(), y.double()
    if isinstance(module, nn.Linear | Conv1D):
        weight = matrix(module).detach().double().cpu()
        return FrozenMatrix(weight, _vector(module.bias, weight.shape[1]))
    weight, bias = getattr(module, "weight", None), _vector(getattr(module, "bias", None), len(y))
    ones = torch.ones_like(y)
    # gemma keeps its weights less 1.
    weights = [ones] if weight is None else [_vector(weight, len(y)), 1 + _vector(weight, len(y)), ones]
    found = [_fitted(w, centred, bias, x, y) for w, centred in product(weights, (False, True))]
    error, norm = min(found, key=lambda pair: pair[0])
    dtype = torch.float32 if weight is None else weight.dtype
    if not error <= TOLERANCE[dtype]:
        raise UserError(
            f"{type(module).__name__} is no norm that is known here (its output is missed by {error:.1g} of its "
            "largest entry), so what enters it cannot be split into parts. Choose another model for this view."
        )
    return norm


def _fitted(weight: Tensor, centred: bool, bias: Tensor, x: Tensor, y: Tensor) -> tuple[float, FrozenNorm]:
    """The norm with this weight and the one scale that suits best, and its largest error as a share of y's."""
    shape = weight * (x - x.mean() if centred else x)
    scale = (shape @ (y - bias)) / (shape @ shape).clamp_min(1e-300)
    error = (scale * shape + bias - y).abs().max() / y.abs().max().clamp_min(1e-300)
    return float(error), FrozenNorm(scale * weight, centred, bias)


def _vector(parameter: Tensor | None, size: int) -> Tensor:
    if parameter is None:
        return torch.zeros(size, dtype=torch.float64)
    return parameter.detach().double().cpu()
