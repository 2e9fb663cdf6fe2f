"""Records the inputs and outputs of modules during a forward pass, with forward hooks."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class ModuleCall:
    """One call of a module with its input and output, (position, width) float32 on the CPU.

    None if the value is not such a tensor (several sequences, one expert's share of the positions) or is too wide.
    """

    module: nn.Module
    input: Tensor | None
    output: Tensor | None


@dataclass
class _Rows:
    """The calls recorded in a pass over `n` positions: rows from `start` on, tensors up to `max_width` wide."""

    n: int
    start: int
    max_width: int | None
    calls: list[ModuleCall] = field(default_factory=list)

    def of(self, value) -> Tensor | None:
        """A module's argument or return value as rows."""
        if isinstance(value, tuple | list):
            value = value[0] if value else None
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return None
        rows = value[0] if value.ndim == 3 and value.shape[0] == 1 else value
        if rows.ndim != 2 or rows.shape[0] != self.n or (self.max_width and rows.shape[1] > self.max_width):
            return None
        # A copy, because later code may add to the tensor in place.
        return rows[self.start :].detach().to(torch.float32, copy=True).cpu()


@contextmanager
def recording(
    modules: Iterable[nn.Module], n: int, start: int = 0, max_width: int | None = None
) -> Iterator[list[ModuleCall]]:
    """Records the calls of `modules` in a pass over `n` positions, in the order in which they return.

    Rows from `start` on are kept. The yielded list fills while the pass runs.
    """
    rows = _Rows(n, start, max_width)
    with ExitStack() as hooks:
        for module in dict.fromkeys(modules):
            pending: list[Tensor | None] = []
            before = module.register_forward_pre_hook(partial(_note_input, rows, pending), with_kwargs=True)
            after = module.register_forward_hook(partial(_note_output, rows, pending))
            hooks.callback(before.remove)
            hooks.callback(after.remove)
        yield rows.calls


def _note_input(rows: _Rows, pending: list, _module, args, kwargs) -> None:
    pending.append(rows.of(args[0] if args else kwargs.get("hidden_states")))


def _note_output(rows: _Rows, pending: list, module, _args, output) -> None:
    rows.calls.append(ModuleCall(module, pending.pop(), rows.of(output)))


@dataclass(frozen=True, eq=False)
class LayerRows:
    """One layer at some positions, each (position, width) float32; None for parts that the model lacks.

    `resid_pre` + `attn_out` + `mlp_out` = `resid_post`. `attn_raw` and `mlp_raw` are the sublayers' outputs before a
    norm or a factor of the block is applied. `mixed` is the input of W_O, `mlp_in` that of the MLP, `hidden` that of
    the MLP's last matrix.
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
    """All layers at the positions [start, stop), and the logits (position, vocab), from one extra pass.

    `difference` is the largest absolute difference from the run's own values, `largest` the largest absolute value
    among those, and `how` describes the comparison.
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
        """Size in bytes, each tensor counted once."""
        sizes = {self.logits.data_ptr(): self.logits.nbytes}
        for layer in self.layers:
            sizes |= {t.data_ptr(): t.nbytes for t in vars(layer).values() if t is not None}
        return sum(sizes.values())
