"""Finds W_O of every attention layer by what enters it, and whether each head has a slice of its own there.

In most families the heads' values z enter W_O as they are, side by side. Some families gate or normalise them first
(qwen3_next, bitnet); with all heads but one set to zero, only that head's slice of W_O's input may then differ from
zero. Where that fails (the differences of differential attention), no head has a part of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.attention.head_output import OutputProjection, projection_of
from model.capture.capture import Capture, capturing
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model

N_PROBED = 6
REPEATED = (
    "this layer attends more than once for each token (differential attention) and mixes the results; only the first "
    "is shown"
)
MIXED = "this model mixes its heads before W_O, so no head has a part of its own there"
NOT_FOUND = "no linear map was found that takes the heads’ values, and nothing else, to the stream (W_O)"


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """W_O of one captured layer, or the `reason` why its heads have no parts."""

    projection: OutputProjection | None
    reason: str = ""


@dataclass
class _Pass:
    """What one short pass left: each layer's z (position, n_heads, d_v), and the linear maps that ran after it."""

    capture: Capture = field(default_factory=Capture)
    heads: dict[int, Tensor] = field(default_factory=dict)
    after: dict[int, list[tuple[nn.Linear | Conv1D, Tensor]]] = field(default_factory=dict)


@once_per_model
def output_projections(lm: LanguageModel) -> tuple[LayerOutput, ...]:
    """W_O of every captured layer, found in a few short passes, once per model."""
    plain = _probe(lm)
    if not plain.heads:
        return ()
    n_layers = 1 + max(plain.heads)
    found = {layer: _direct(plain, layer) for layer in plain.heads}
    outputs = {layer: LayerOutput(projection) for layer, projection in found.items()}
    repeated = [layer for layer in found if plain.capture.layers[layer].repeated]
    outputs |= dict.fromkeys(repeated, LayerOutput(None, REPEATED))
    if changed := [layer for layer, output in outputs.items() if not output.projection and not output.reason]:
        outputs |= _behind_a_change(lm, plain, changed)
    none = LayerOutput(None, "this layer has no attention")
    return tuple(outputs.get(layer, none) for layer in range(n_layers))


def output_of(lm: LanguageModel, layer: int) -> LayerOutput:
    """W_O of a layer whose attention was captured."""
    return output_projections(lm)[layer]


def _direct(plain: _Pass, layer: int) -> OutputProjection | None:
    """The linear map that the heads' values enter as they are."""
    z = plain.heads[layer]
    for module, entry in plain.after[layer]:
        if torch.equal(entry, z.flatten(1)):
            return projection_of(module, z.shape[1], direct=True)
    return None


def _behind_a_change(lm: LanguageModel, plain: _Pass, layers: list[int]) -> dict[int, LayerOutput]:
    """W_O of layers whose values are changed before it, found in passes with some of the heads set to zero."""
    entries = {layer: _entry(plain, _probe(lm, ()), layer) for layer in layers}
    n_heads = max(plain.heads[layer].shape[1] for layer in layers)
    # Any two heads differ in a bit of their index, so one of these passes keeps the one without the other.
    n_bits = max(1, (n_heads - 1).bit_length())
    by_bit = [[h for h in range(n_heads) if (h >> bit & 1) == kept] for bit in range(n_bits) for kept in (0, 1)]
    passes = [(kept, _probe(lm, tuple(kept))) for kept in by_bit]
    return {layer: _judged(entries[layer], plain.heads[layer].shape[1], layer, passes) for layer in layers}


def _entry(plain: _Pass, silent: _Pass, layer: int) -> tuple[nn.Linear | Conv1D, int] | None:
    """The first linear map with an input that is zero once all heads are, and that input's width."""
    without = silent.after[layer]
    for module, entry in plain.after[layer]:
        zero = next((x for other, x in without if other is module), None)
        if zero is not None and entry.any() and not zero.any():
            return module, entry.shape[-1]
    return None


def _judged(
    found: tuple[nn.Linear | Conv1D, int] | None, n_heads: int, layer: int, passes: list[tuple[list[int], _Pass]]
) -> LayerOutput:
    if found is None:
        return LayerOutput(None, NOT_FOUND)
    module, width = found
    if width % n_heads:
        return LayerOutput(None, MIXED)
    for kept, made in passes:
        entry = next(x for other, x in made.after[layer] if other is module).unflatten(-1, (n_heads, -1))
        if any(entry[:, head].any() for head in range(n_heads) if head not in kept):
            return LayerOutput(None, MIXED)
    return LayerOutput(projection_of(module, n_heads, direct=False))


@torch.inference_mode()
def _probe(lm: LanguageModel, kept: tuple[int, ...] | None = None) -> _Pass:
    """One pass over a few different tokens; with `kept`, the values of all other heads are set to zero."""
    n = min(N_PROBED, lm.card.context or N_PROBED)
    ids = torch.tensor([[(23 * i + 7) % lm.card.n_vocab for i in range(n)]], device=lm.device)
    made = _Pass()

    def on_heads(layer: int, z: Tensor) -> Tensor:
        if kept is not None:
            keep = torch.zeros(z.shape[2], dtype=torch.bool)
            keep[[head for head in kept if head < len(keep)]] = True
            z = z * keep.to(z)[:, None]
        made.heads[layer] = z[0].clone()
        made.after[layer] = []
        return z

    with lm.lock, _linear_inputs(lm, n, made), capturing(made.capture, n, on_heads):
        lm.model(ids, use_cache=False, logits_to_keep=1)
    return made


@contextmanager
def _linear_inputs(lm: LanguageModel, n: int, made: _Pass) -> Iterator[None]:
    """Notes the input (position, width) of every linear map to the stream, with the layer whose attention ran last."""

    def note(module: nn.Linear | Conv1D, args: tuple[Tensor, ...]) -> None:
        if made.after and args and args[0].ndim == 3 and args[0].shape[1] == n:
            made.after[next(reversed(made.after))].append((module, args[0][0].clone()))

    linears = [m for m in lm.anatomy.blocks.modules() if isinstance(m, nn.Linear | Conv1D)]
    to_stream = [module for module in linears if _n_out(module) == lm.card.d_model]
    handles = [module.register_forward_pre_hook(note) for module in to_stream]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _n_out(module: nn.Linear | Conv1D) -> int:
    return module.nf if isinstance(module, Conv1D) else module.out_features
