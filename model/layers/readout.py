"""A logit as a linear function of the residual stream: norms held at the scale they have at this position."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from model.layers.block_parts import Part, matrix
from model.layers.linearised import Frozen, freeze
from model.layers.unembedding import Unembedding, UpToHead
from model.request.errors import UserError


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear function of the stream before the final norm: its `direction` (d_model,) and `constant`, float64.

    `maps` lead from the stream to the head's input. Direction and constant give logits before a softcap.
    """

    direction: Tensor
    constant: float
    maps: tuple[Frozen, ...]


def readout(way: Unembedding, last: Tensor, token_id: int, against: int | None) -> Readout:
    """The linear function that gives a token's logit, or a difference of two, at this last residual (d_model,)."""
    weight, bias = matrix(way.head), getattr(way.head, "bias", None)
    ids = [token_id] if against is None else [token_id, against]
    signs = torch.tensor([1.0, -1.0], dtype=torch.float64)[: len(ids)]
    direction = (weight[:, ids].double().cpu() @ signs) * way.factor
    constant = 0.0 if bias is None else float(bias[ids].double().cpu() @ signs) * way.factor
    maps = stages(way, last)
    for stage in reversed(maps):
        constant += float(stage.bias @ direction)
        direction = stage.pull(direction)
    return Readout(direction, constant, maps)


def stages(way: Unembedding, last: Tensor) -> tuple[Frozen, ...]:
    """The modules between the last block and the head as linear maps at this residual (d_model,).

    Raises UserError where one of them has no such map.
    """
    maps, weight = [], way.head.weight
    if any(isinstance(module, UpToHead) for module in way.modules):
        raise UserError(
            "Between its last layer and the unembedding this model computes more than a norm, so a logit is no sum of "
            "what the parts of the network added. Choose another model for this view."
        )
    row = last[None, None].to(weight.device, weight.dtype)
    for module in way.modules:
        output = module(row)
        maps.append(freeze(module, row[0, 0].cpu(), output[0, 0].cpu()))
        row = output
    return tuple(maps)


def before_softcap(way: Unembedding, logits: Tensor, token_id: int) -> float:
    """A logit as it was before the softcap, where there is one."""
    logit = float(logits[token_id])
    return logit if way.softcap is None else math.atanh(logit / way.softcap) * way.softcap


def after_sublayer(part: Part, raw: Tensor, added: Tensor) -> Frozen | None:
    """The norm between a sublayer's output `raw` and what is added, as a linear map; None where there is none."""
    return freeze(part.module, raw, added / part.factor) if part.normed else None


def through(part: Part, norm: Frozen | None, direction: Tensor) -> tuple[Tensor, float]:
    """The direction of the sublayer's output that a direction of the stream reads, and what the norm's bias adds."""
    direction = direction * part.factor
    return (direction, 0.0) if norm is None else (norm.pull(direction), float(norm.bias @ direction))
