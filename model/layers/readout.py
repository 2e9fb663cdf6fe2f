"""A logit as a linear function of the residual stream, with the norms' scales held fixed at this position."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from model.layers.block_parts import Part, matrix
from model.layers.linearised import Frozen, freeze
from model.layers.unembedding import Unembedding, UpToHead
from model.network.anatomy import weight_of
from model.request.errors import UserError


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear function of the stream before the final norm: `direction` (d_model,) and `constant`, float64.

    Its value is a logit before any softcap. `maps` lead from the stream to the head's input.
    """

    direction: Tensor
    constant: float
    maps: tuple[Frozen, ...]


def readout(unembed: Unembedding, last: Tensor, token_id: int, against: int | None) -> Readout:
    """The linear function for a token's logit, or the difference of two, at the last residual `last` (d_model,)."""
    weight, bias = matrix(unembed.head), getattr(unembed.head, "bias", None)
    ids = [token_id] if against is None else [token_id, against]
    signs = torch.tensor([1.0, -1.0], dtype=torch.float64)[: len(ids)]
    direction = (weight[:, ids].double().cpu() @ signs) * unembed.factor
    constant = 0.0 if bias is None else float(bias[ids].double().cpu() @ signs) * unembed.factor
    maps = stages(unembed, last)
    for stage in reversed(maps):
        constant += float(stage.bias @ direction)
        direction = stage.pull(direction)
    return Readout(direction, constant, maps)


def stages(unembed: Unembedding, last: Tensor) -> tuple[Frozen, ...]:
    """The modules between the last block and the head as linear maps at the residual `last` (d_model,).

    Raises UserError if one of them is not a norm or a matrix.
    """
    maps, weight = [], weight_of(unembed.head)
    if any(isinstance(module, UpToHead) for module in unembed.modules):
        raise UserError(
            "Between its last layer and the unembedding this model computes more than a norm, so a logit is no sum of "
            "what the parts of the network added. Choose another model for this view."
        )
    row = last[None, None].to(weight.device, weight.dtype)
    for module in unembed.modules:
        output = module(row)
        maps.append(freeze(module, row[0, 0].cpu(), output[0, 0].cpu()))
        row = output
    return tuple(maps)


def before_softcap(unembed: Unembedding, logits: Tensor, token_id: int) -> float:
    """A logit before the softcap, if there is one: c * atanh(logit / c)."""
    logit = float(logits[token_id])
    return logit if unembed.softcap is None else math.atanh(logit / unembed.softcap) * unembed.softcap


def sublayer_norm(part: Part, raw: Tensor, added: Tensor) -> Frozen | None:
    """The norm between a sublayer's output `raw` and the stream as a linear map; None if there is none."""
    return freeze(part.module, raw, added / part.factor) if part.normed else None


def pull_through(part: Part, norm: Frozen | None, direction: Tensor) -> tuple[Tensor, float]:
    """The direction in the sublayer's output for a direction in the stream, and what the norm's bias adds."""
    direction = direction * part.factor
    return (direction, 0.0) if norm is None else (norm.pull(direction), float(norm.bias @ direction))
