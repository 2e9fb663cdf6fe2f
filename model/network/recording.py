"""Modules to what entered and what left them in one forward pass: the one hook context manager for layers."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class ModuleCall:
    """One call of a module: what entered and what left it, (position, width) float32 on the CPU, or None.

    None where it is no such tensor (several sequences, one expert's share of the positions), or is too wide.
    """

    module: nn.Module
    entered: Tensor | None
    left: Tensor | None


@dataclass
class _Rows:
    """Which positions of a pass over `n` are kept, and up to which width."""

    n: int
    start: int
    widest: int | None
    calls: list[ModuleCall] = field(default_factory=list)

    def of(self, value) -> Tensor | None:
        """A module's argument or answer as rows."""
        if isinstance(value, tuple | list):
            value = value[0] if value else None
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return None
        rows = value[0] if value.ndim == 3 and value.shape[0] == 1 else value
        if rows.ndim != 2 or rows.shape[0] != self.n or (self.widest and rows.shape[1] > self.widest):
            return None
        # A copy: what comes after may add to it in place.
        return rows[self.start :].detach().to(torch.float32, copy=True).cpu()


@contextmanager
def recording(
    modules: Iterable[nn.Module], n: int, start: int = 0, widest: int | None = None
) -> Iterator[list[ModuleCall]]:
    """Inside, the calls of `modules` in a pass over `n` positions are noted, in the order in which they end.

    Rows from `start` on are kept. The list fills while the pass runs.
    """
    rows = _Rows(n, start, widest)
    with ExitStack() as hooks:
        for module in dict.fromkeys(modules):
            pending: list[Tensor | None] = []
            before = module.register_forward_pre_hook(partial(_note_entered, rows, pending), with_kwargs=True)
            after = module.register_forward_hook(partial(_note_left, rows, pending))
            hooks.callback(before.remove)
            hooks.callback(after.remove)
        yield rows.calls


def _note_entered(rows: _Rows, pending: list, _module, args, kwargs) -> None:
    pending.append(rows.of(args[0] if args else kwargs.get("hidden_states")))


def _note_left(rows: _Rows, pending: list, module, _args, output) -> None:
    rows.calls.append(ModuleCall(module, pending.pop(), rows.of(output)))


@dataclass(frozen=True, eq=False)
class LayerRows:
    """One layer at some positions, float32: what it received, what it added, and what it gave on.

    `resid_pre` + `attn_out` + `mlp_out` = `resid_post`. `attn_raw` and `mlp_raw` are what the sublayers gave
    before a norm or a factor of the block. `mixed` entered W_O, `mlp_in` the MLP, `hidden` its last matrix.
    What the model does not have is None.
    """

    resid_pre: Tensor
    attn_out: Tensor | None
    mlp_out: Tensor | None
    resid_post: Tensor
    attn_raw: Tensor | None = None
    mlp_raw: Tensor | None = None
    mixed: Tensor | None = None
    mlp_in: Tensor | None = None
    hidden: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Window:
    """All layers at positions [start, stop), and their logits (position, vocab), from one extra pass.

    `difference` is the largest distance to the run's own values, `largest` their largest, `how` what they are.
    """

    start: int
    stop: int
    layers: tuple[LayerRows, ...]
    logits: Tensor
    forwarded: int
    seconds: float
    difference: float
    largest: float
    how: str

    def nbytes(self) -> int:
        """Bytes held, each tensor counted once."""
        held = {self.logits.data_ptr(): self.logits.nbytes}
        for layer in self.layers:
            held |= {t.data_ptr(): t.nbytes for t in vars(layer).values() if t is not None}
        return sum(held.values())
