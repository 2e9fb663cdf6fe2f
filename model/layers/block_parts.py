"""Finds the modules of a block that add to the residual stream: candidates by structure, chosen by their values.

post = pre + a * attn_out + b * mlp_out holds for sequential and parallel sublayers (Wang & Komatsuzaki 2021), with
norms after the sublayers (gemma2, olmo2) and with factors (granite). One short pass shows which modules are the two
terms: those whose outputs sum to post - pre. If there are none, the stream is not shown.
"""

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.capture.capture import Capture, capturing
from model.capture.recording import ModuleCall, recording
from model.network.anatomy import weight_of
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.request.errors import UserError
from model.runtime.present import present

N_PROBED = 12
# How much of a block's output may be missing at the median position: a wrong choice of modules misses far more, and
# bfloat16 rounds a stream of large norm by much of what is added to it.
MISSING = {torch.float32: 0.01, torch.float16: 0.05, torch.bfloat16: 0.25}
# How many roundings of the stream's largest entry a sum may differ by.
ROUNDINGS = 16


@dataclass(frozen=True, eq=False)
class Part:
    """A term that a block adds: `factor` times the output of `module`.

    `normed`: the module is a norm whose input is the sublayer's own output.
    """

    module: nn.Module
    factor: float
    normed: bool


@dataclass(frozen=True, eq=False)
class BlockParts:
    """The terms that one block adds. `parallel`: the MLP reads the block's input, without attention's output.

    `down` is the MLP's last matrix, and `inputs` are the matrices next to it that read the stream (gate and up).
    """

    mixer: Part
    mlp: Part | None
    parallel: bool
    down: nn.Module | None
    inputs: tuple[nn.Module, ...]


@dataclass(frozen=True, eq=False)
class StreamParts:
    """The parts of every block, or the `reason` why they are unknown."""

    blocks: tuple[BlockParts, ...]
    reason: str = ""


@once_per_model
def stream_parts(lm: LanguageModel) -> StreamParts:
    """Finds the parts of every block in one short pass, once per model."""
    blocks = []
    for index, (block, calls) in enumerate(_probe(lm)):
        by_module = {call.module: call for call in calls}
        call = by_module.pop(block, None)
        if call is None or call.input is None or call.output is None:
            return StreamParts((), f"layer {index} does not take and give one vector a position")
        parts = find_parts(list(by_module.values()), call.input, call.output, lm.dtype)
        if parts is None:
            return StreamParts((), f"no modules of layer {index} sum to what it adds to its input")
        blocks.append(_block_parts(block, parts, by_module, call.input, lm.card.d_model))
    return StreamParts(tuple(blocks))


def require_parts(lm: LanguageModel) -> tuple[BlockParts, ...]:
    """The parts of every block. Raises UserError if they are unknown."""
    parts = stream_parts(lm)
    if parts.reason:
        raise UserError(f"The residual stream of {lm.card.model_id!r} is not shown: {parts.reason}.")
    return parts.blocks


def _probe(lm: LanguageModel) -> list[tuple[nn.Module, list[ModuleCall]]]:
    """Each block with the calls inside it, in a pass over a few different tokens."""
    n = min(N_PROBED, lm.card.context or N_PROBED)
    ids = torch.tensor([[(17 * i + 3) % lm.card.n_vocab for i in range(n)]], device=lm.device)
    blocks = lm.anatomy.blocks
    modules = [module for block in blocks for module in block.modules()]
    with (
        lm.lock,
        torch.inference_mode(),
        capturing(Capture(), n),
        recording(modules, n, max_width=lm.card.d_model) as calls,
    ):
        lm.model(ids, use_cache=False, logits_to_keep=1)
    owner = {module: index for index, block in enumerate(blocks) for module in block.modules()}
    by_block: list[list[ModuleCall]] = [[] for _ in blocks]
    for call in calls:
        by_block[owner[call.module]].append(call)
    return list(zip(blocks, by_block, strict=True))


def find_parts(calls: list[ModuleCall], pre: Tensor, post: Tensor, dtype: torch.dtype) -> tuple[Part, ...] | None:
    """The one or two modules whose outputs sum to post - pre (position, d_model), in the order in which they ran.

    None if there are none.
    """
    added = (post - pre).double()
    # Outermost first, to find a sublayer rather than the matrix at its end.
    outputs = [
        (call.module, call.output)
        for call in reversed(calls)
        if call.output is not None and call.output.shape == pre.shape
    ]
    rounding = ROUNDINGS * torch.finfo(dtype).eps * (pre.abs() + post.abs()).amax(-1).double()
    for fit in (_unit_fit, _scaled_fit):
        best, best_error = None, MISSING[dtype]
        for size in (2, 1):
            for chosen in combinations(outputs, size):
                factors = fit(added, [output.double() for _, output in chosen])
                scaled = [f * output.double() for f, (_, output) in zip(factors, chosen, strict=True)]
                total = sum(scaled, torch.zeros_like(added))
                missing = (added - total).abs().amax(-1)
                error = float((missing / added.abs().amax(-1).clamp_min(1e-30)).median())
                if error < best_error and bool((missing <= rounding + 1e-3 * added.abs().amax(-1)).all()):
                    best, best_error = list(zip(chosen, factors, strict=True)), error
        if best:
            return tuple(Part(module, factor, _is_leaf(module)) for (module, _), factor in reversed(best))
    return None


def _unit_fit(_added: Tensor, outputs: list[Tensor]) -> list[float]:
    return [1.0] * len(outputs)


def _scaled_fit(added: Tensor, outputs: list[Tensor]) -> list[float]:
    """The least-squares factors of the outputs."""
    columns = torch.stack([output.flatten() for output in outputs], -1)
    normal = columns.T @ columns + 1e-12 * torch.eye(len(outputs), dtype=torch.float64)
    try:
        return torch.linalg.solve(normal, columns.T @ added.flatten()).tolist()
    # An output is all zeros, or equal to another. torch documents this name, but does not export it.
    except torch.linalg.LinAlgError:  # pyright: ignore[reportPrivateImportUsage]
        return [0.0] * len(outputs)


def _is_leaf(module: nn.Module) -> bool:
    """True for a norm or dropout: a module without matrices and children."""
    return not list(module.children()) and all(p.ndim < 2 for p in module.parameters())


def _block_parts(
    block: nn.Module, parts: tuple[Part, ...], calls: dict[nn.Module, ModuleCall], pre: Tensor, d_model: int
) -> BlockParts:
    mixer, mlp = parts if len(parts) == 2 else (parts[0], None)
    down = _down(mlp, calls) if mlp else None
    inputs = _input_matrices(block, down, d_model) if down is not None else ()
    middle = pre + mixer.factor * present(calls[mixer.module].output)
    reads = [x.input for x in calls.values() if x.input is not None and x.input.shape == pre.shape]
    is_sequential = any((x - middle).norm() < 0.1 * (middle - pre).norm() for x in reads)
    return BlockParts(mixer, mlp, mlp is not None and not is_sequential, down, inputs)


def _down(mlp: Part, calls: dict[nn.Module, ModuleCall]) -> nn.Module | None:
    """The matrix whose output is the MLP's; None for a mixture of experts, which has no single such matrix."""
    call = calls[mlp.module]
    output = present(call.input if mlp.normed else call.output)
    for module, other in calls.items():
        if isinstance(module, nn.Linear | Conv1D) and other.output is not None and torch.equal(other.output, output):
            return module
    return None


def _input_matrices(block: nn.Module, down: nn.Module, d_model: int) -> tuple[nn.Module, ...]:
    """The matrices next to `down` that map d_model to its width, or to twice that if two are fused."""
    parent = next(module for module in block.modules() if any(child is down for child in module.children()))
    width = matrix(down).shape[0]
    shapes = {(d_model, width), (d_model, 2 * width)}
    return tuple(
        module
        for module in parent.children()
        if isinstance(module, nn.Linear | Conv1D) and tuple(matrix(module).shape) in shapes
    )


def matrix(module: nn.Module) -> Tensor:
    """The weight as (in, out): Conv1D (GPT-2) stores it like this, Linear transposed."""
    weight = weight_of(module)
    return weight if isinstance(module, Conv1D) else weight.T
