"""The places of a block's norms, from their inputs and outputs in one short pass, not from their names."""

import torch
from torch import Tensor, nn

from model.capture.recording import ModuleCall
from model.layers.linearised import FrozenNorm, freeze
from model.network.sublayers import Sublayers
from model.records.architecture import NormPlace
from model.request.errors import UserError


def norm_places(layer: Sublayers, calls: dict[nn.Module, ModuleCall]) -> tuple[tuple[NormPlace, ...], bool]:
    """The norms in the order in which they ran, and whether mixer and MLP read the same stream."""
    norms = [calls[module] for module in calls if module in layer.norms]
    block = calls.get(layer.block)
    mixers = [calls[mixer] for mixer, _ in layer.mixers if mixer in calls]
    mlp = [calls[part] for part in layer.mlp if part in calls]
    post_ln = block is not None and any(same(norm.output, block.output) for norm in norms)
    # A norm inside a sublayer is not listed, unless it is on the stream: bert's sublayers include the addition.
    inner = {m for unit in (*(mixer for mixer, _ in layer.mixers), *layer.mlp) for m in unit.modules()}
    places = [(norm, _place(norm, block, mixers, mlp, norms, post_ln)) for norm in norms]
    outer = [(norm, place) for norm, place in places if norm.module not in inner or place.startswith("stream")]
    return tuple(NormPlace(norm_kind(norm), place) for norm, place in outer), _parallel(block, mixers, mlp, norms)


def _place(
    norm: ModuleCall,
    block: ModuleCall | None,
    mixers: list[ModuleCall],
    mlp: list[ModuleCall],
    norms: list[ModuleCall],
    post_ln: bool,
) -> str:
    feeds_mixer = any(same(norm.output, unit.input) for unit in mixers)
    feeds_mlp = any(same(norm.output, unit.input) for unit in mlp[:1])
    if post_ln and block is not None and same(norm.output, block.output):
        return "stream mlp"
    if post_ln and feeds_mlp:
        return "stream mixer"
    if feeds_mixer or feeds_mlp:
        return "before both" if feeds_mixer and feeds_mlp else "before mixer" if feeds_mixer else "before mlp"
    if any(same(norm.input, unit.output) for unit in mixers):
        return "after mixer"
    if any(same(norm.input, unit.output) for unit in mlp[-1:]):
        return "after mlp"
    first = block is not None and same(norm.input, block.input)
    return "start" if first and any(same(norm.output, other.input) for other in norms) else "unknown"


def _parallel(
    block: ModuleCall | None, mixers: list[ModuleCall], mlp: list[ModuleCall], norms: list[ModuleCall]
) -> bool:
    """True if the MLP's input, before its norm, is the block's input."""
    if block is None or block.input is None or not mixers or not mlp or mlp[0].input is None:
        return False
    before = [norm.input for norm in norms if same(norm.output, mlp[0].input)]
    return any(x is not None and torch.equal(x, block.input) for x in (*before, mlp[0].input))


def same(a: Tensor | None, b: Tensor | None) -> bool:
    """True for tensors that are equal, or equal up to a constant factor."""
    if a is None or b is None or a.shape != b.shape:
        return False
    if torch.equal(a, b):
        return True
    factor = (a * b).sum() / (b * b).sum().clamp_min(1e-30)
    return bool((a - factor * b).norm() <= 1e-4 * a.norm())


def norm_kind(norm: ModuleCall) -> str:
    """'LayerNorm' if the norm subtracts the mean, 'RMSNorm' if not, by its values; else the name of the module."""
    name = type(norm.module).__name__
    if norm.input is None or norm.output is None:
        return name
    try:
        frozen = freeze(norm.module, norm.input[-1], norm.output[-1])
    except UserError:
        return name
    if not isinstance(frozen, FrozenNorm):
        return name
    return "LayerNorm" if frozen.centred else "RMSNorm"
