"""RoPE by its definition (Su et al. 2021), and a numerical test of which layout a layer uses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from model.embed.probe import probe, tolerance
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.records.embed import Rotation
from model.records.run import Check
from model.runtime.to_numpy import to_numpy

HOW = (
    "One token repeated at {n} positions: its keys, turned back by their angles, must be equal. "
    "Largest difference as a share of the largest entry."
)


@dataclass(frozen=True, eq=False)
class Frequencies:
    """One set of rotary frequencies in radians per position, as stored in the model."""

    inv_freq: Tensor
    kind: str
    factor: float


def find_frequencies(model: nn.Module) -> list[Frequencies]:
    """Every distinct set of rotary frequencies; some models have one for local and one for global layers."""
    sets: list[Frequencies] = []
    for module in model.modules():
        for name, values in module.named_buffers(recurse=False):
            if not name.endswith("inv_freq") or "original" in name:
                continue
            prefix = name.removesuffix("inv_freq")
            kinds = getattr(module, "rope_type", "default")
            kind = kinds.get(prefix.rstrip("_"), "default") if isinstance(kinds, dict) else kinds
            factor = float(getattr(module, f"{prefix}attention_scaling", 1.0))
            values = values.detach().float().cpu()
            if not any(torch.equal(values, other.inv_freq) for other in sets):
                sets.append(Frequencies(values, kind, factor))
    return sets


def pairs(rotation: Rotation, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (..., d_head) as complex numbers (..., pair), and the dimensions (..., rest) that are not rotated."""
    start, stop = rotation.first, rotation.first + rotation.n_rotary
    rotary = vectors[..., start:stop]
    rest = torch.cat([vectors[..., :start], vectors[..., stop:]], dim=-1)
    if rotation.layout == "halves":
        a, b = rotary.chunk(2, dim=-1)
    else:
        a, b = rotary[..., 0::2], rotary[..., 1::2]
    return torch.complex(a.contiguous(), b.contiguous()), rest


def angles(rotation: Rotation, positions: Tensor) -> Tensor:
    """Angles (position, pair) in radians, multiplied in float32 as the models do."""
    return positions.float()[:, None] * torch.from_numpy(rotation.inv_freq)


def rotate(numbers: Tensor, radians: Tensor) -> Tensor:
    """Complex numbers rotated by angles: z e^{i angle}."""
    return numbers * torch.polar(torch.ones_like(radians), radians).to(numbers.dtype)


def rotates(rotation: Rotation | None) -> bool:
    """True if the layer's rotation of keys was verified."""
    return rotation is not None and rotation.layout != "none" and rotation.check.passed


def unrotated_pairs(rotation: Rotation, vectors: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (..., position, d_head) rotated back to position 0, in the format of `pairs`."""
    rotary, rest = pairs(rotation, vectors)
    return rotate(rotary, -angles(rotation, positions)), rest


# Cached like the probe it uses: the page needs it at every change of the selection.
@once_per_model
@torch.inference_mode()
def rotations(lm: LanguageModel) -> tuple[Rotation | None, ...]:
    """The rotation of each layer, with the measured error of its check; None for a layer whose keys were not captured.

    Of all layouts, the one with the smallest error is chosen; 'none' means that the keys are equal without rotation.
    """
    keys = enumerate(probe(lm).keys)
    return tuple(key if key is None else _rotation(lm, layer, key.cpu()) for layer, key in keys)


def _rotation(lm: LanguageModel, layer: int, key: Tensor) -> Rotation:
    empty = torch.zeros(0).numpy()
    unrotated = Rotation(layer, "none", empty, "none", 0, 0, key.shape[-1], 1.0, _check(lm, _spread(key)))
    rotated = [replace(r, check=_check(lm, unrotated_spread(r, key))) for r in _layouts(lm, layer, key.shape[-1])]
    return min([unrotated, *rotated], key=lambda rotation: rotation.check.error)


@torch.inference_mode()
def unrotated_spread(rotation: Rotation, key: Tensor) -> float:
    """How far keys (head, position, d_head) of one token differ once rotated back to position 0, relative to the
    largest entry.
    """
    back, rest = unrotated_pairs(rotation, key, torch.arange(key.shape[-2]))
    return _spread(torch.cat([back.real, back.imag, rest], dim=-1))


def _layouts(lm: LanguageModel, layer: int, d_head: int) -> Iterator[Rotation]:
    for frequencies in find_frequencies(lm.model):
        n_rotary = 2 * len(frequencies.inv_freq)
        if n_rotary > d_head:
            continue
        for layout in ("halves", "interleaved"):
            # MLA puts the rotary dimensions last; partial rotary embedding puts them first.
            for first in sorted({0, d_head - n_rotary}):
                yield Rotation(
                    layer=layer,
                    kind=frequencies.kind,
                    inv_freq=to_numpy(frequencies.inv_freq),
                    layout=layout,
                    first=first,
                    n_rotary=n_rotary,
                    d_head=d_head,
                    factor=frequencies.factor,
                    check=_check(lm, float("inf")),
                )


def _spread(vectors: Tensor) -> float:
    """The largest difference from position 0 in (..., position, dim), as a share of the largest entry."""
    return float((vectors - vectors[..., :1, :]).abs().max() / vectors.abs().max().clamp_min(1e-12))


def _check(lm: LanguageModel, error: float) -> Check:
    how = HOW.format(n=probe(lm).block_input.shape[0])
    return Check("keys turned back are equal", error, tolerance(lm), how)
