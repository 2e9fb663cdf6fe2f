"""Where a block's norms stand: by what enters and leaves them in one short pass, not by their names."""

import torch
from torch import Tensor, nn

from model.layers.linearised import FrozenNorm, freeze
from model.network.recording import ModuleCall
from model.network.sublayers import Sublayers
from model.records.architecture import NormPlace
from model.request.errors import UserError


def norm_places(layer: Sublayers, seen: dict[nn.Module, ModuleCall]) -> tuple[tuple[NormPlace, ...], bool]:
    """The norms in the order they ran, and whether mixer and MLP read the same stream."""
    norms = [seen[norm] for norm in seen if norm in layer.norms]
    block = seen.get(layer.block)
    mixers = [seen[mixer] for mixer, _ in layer.mixers if mixer in seen]
    mlp = [seen[part] for part in layer.mlp if part in seen]
    post_ln = block is not None and any(same(norm.output, block.output) for norm in norms)
    # What a norm inside a sublayer does is that sublayer's own matter, unless it is on the stream: bert's sublayers add
    # themselves to it.
    inner = {m for unit in (*(mixer for mixer, _ in layer.mixers), *layer.mlp) for m in unit.modules()}
    found = [(norm, _place(norm, block, mixers, mlp, norms, post_ln)) for norm in norms]
    shown = [(norm, place) for norm, place in found if norm.module not in inner or place.startswith("stream")]
    return tuple(NormPlace(norm_kind(norm), place) for norm, place in shown), _parallel(block, mixers, mlp, norms)


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
    """True when what enters the MLP, before its norm, is what entered the block."""
    if block is None or block.input is None or not mixers or not mlp or mlp[0].input is None:
        return False
    before = [norm.input for norm in norms if same(norm.output, mlp[0].input)]
    return any(x is not None and torch.equal(x, block.input) for x in (*before, mlp[0].input))


def same(a: Tensor | None, b: Tensor | None) -> bool:
    """True for equal tensors, also where the block put a factor between them."""
    if a is None or b is None or a.shape != b.shape:
        return False
    if torch.equal(a, b):
        return True
    factor = (a * b).sum() / (b * b).sum().clamp_min(1e-30)
    return bool((a - factor * b).norm() <= 1e-4 * a.norm())


def norm_kind(norm: ModuleCall) -> str:
    """'LayerNorm' when the mean is taken off, 'RMSNorm' when not: by its numbers; else the module's own name."""
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
