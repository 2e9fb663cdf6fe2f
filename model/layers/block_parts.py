"""A block to the parts it adds to the residual stream: found by structure, chosen by numbers.

post = pre + a * attn_out + b * mlp_out holds for blocks one after another and side by side (Wang & Komatsuzaki
2021), with norms after the sublayers (gemma2, olmo2) and with factors (granite). Which modules give the two
terms is found out on one short pass: those whose outputs sum. Where none do, there is no stream to show.
"""

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from model.network.capture import Capture, capturing
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.network.recording import ModuleCall, recording
from model.request.errors import UserError

N_PROBED = 12
# Share of what a block adds that may be missing at the middle one of the positions: a wrong choice of modules misses
# far more, and bfloat16 rounds a long stream by much of what is added to it.
MISSING = {torch.float32: 0.01, torch.float16: 0.05, torch.bfloat16: 0.25}
# Roundings of the stream's largest entry that a sum may differ by.
ROUNDINGS = 16


@dataclass(frozen=True, eq=False)
class Part:
    """What a block adds: `factor` times the output of `module`.

    `normed`: the module is a norm, and what enters it is the sublayer's own output.
    """

    module: nn.Module
    factor: float
    normed: bool


@dataclass(frozen=True, eq=False)
class BlockParts:
    """What one block adds. `parallel`: the MLP reads what enters the block, not what attention added to it.

    `down` is the MLP's last matrix and `inputs` the matrices beside it that read the stream (gate and up).
    """

    mixer: Part
    mlp: Part | None
    parallel: bool
    down: nn.Module | None
    inputs: tuple[nn.Module, ...]


@dataclass(frozen=True, eq=False)
class StreamParts:
    """Every block's parts, or the `reason` why there are none."""

    blocks: tuple[BlockParts, ...]
    reason: str = ""


@once_per_model
def stream_parts(lm: LanguageModel) -> StreamParts:
    """Finds the parts of every block on one short pass, once per model."""
    found = []
    for index, (block, calls) in enumerate(_probe(lm)):
        seen = {call.module: call for call in calls}
        whole = seen.pop(block, None)
        if whole is None or whole.input is None or whole.output is None:
            return StreamParts((), f"layer {index} does not take and give one vector a position")
        parts = find_parts(list(seen.values()), whole.input, whole.output, _dtype(lm))
        if parts is None:
            return StreamParts((), f"no modules of layer {index} sum to what it adds to its input")
        found.append(_described(block, parts, seen, whole.input, lm.card.d_model))
    return StreamParts(tuple(found))


def known_parts(lm: LanguageModel) -> tuple[BlockParts, ...]:
    """Every block's parts. Raises UserError where they are unknown."""
    found = stream_parts(lm)
    if found.reason:
        raise UserError(f"The residual stream of {lm.card.model_id!r} is not shown: {found.reason}.")
    return found.blocks


def _probe(lm: LanguageModel) -> list[tuple[nn.Module, list[ModuleCall]]]:
    """Each block with the calls inside it, over a few tokens that differ."""
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
    """The one or two modules whose outputs sum to post - pre, in the order they ran; None where none do."""
    added = (post - pre).double()
    # Outermost first: a sublayer rather than the matrix at its end.
    outputs = [call for call in reversed(calls) if call.output is not None and call.output.shape == pre.shape]
    rounding = ROUNDINGS * torch.finfo(dtype).eps * (pre.abs() + post.abs()).amax(-1).double()
    for fit in (_unit_fit, _scaled_fit):
        best, best_error = None, MISSING[dtype]
        for size in (2, 1):
            for chosen in combinations(outputs, size):
                factors = fit(added, [call.output.double() for call in chosen])
                total = sum(f * call.output.double() for f, call in zip(factors, chosen, strict=True))
                missing = (added - total).abs().amax(-1)
                error = float((missing / added.abs().amax(-1).clamp_min(1e-30)).median())
                if error < best_error and bool((missing <= rounding + 1e-3 * added.abs().amax(-1)).all()):
                    best, best_error = list(zip(chosen, factors, strict=True)), error
        if best:
            return tuple(Part(call.module, factor, _is_leaf(call.module)) for call, factor in reversed(best))
    return None


def _unit_fit(_added: Tensor, outputs: list[Tensor]) -> list[float]:
    return [1.0] * len(outputs)


def _scaled_fit(added: Tensor, outputs: list[Tensor]) -> list[float]:
    """The factors that bring the outputs closest to what was added."""
    columns = torch.stack([output.flatten() for output in outputs], -1)
    normal = columns.T @ columns + 1e-12 * torch.eye(len(outputs), dtype=torch.float64)
    try:
        return torch.linalg.solve(normal, columns.T @ added.flatten()).tolist()
    except torch.linalg.LinAlgError:  # an output that is all zeros, or another's twin
        return [0.0] * len(outputs)


def _is_leaf(module: nn.Module) -> bool:
    """True for a norm or dropout: no matrix, nothing inside."""
    return not list(module.children()) and all(p.ndim < 2 for p in module.parameters())


def _described(
    block: nn.Module, parts: tuple[Part, ...], seen: dict[nn.Module, ModuleCall], pre: Tensor, d_model: int
) -> BlockParts:
    mixer, mlp = parts if len(parts) == 2 else (parts[0], None)
    down = _down(mlp, seen) if mlp else None
    inputs = _beside(block, down, d_model) if down is not None else ()
    middle = pre + mixer.factor * seen[mixer.module].output
    reads = [x.input for x in seen.values() if x.input is not None and x.input.shape == pre.shape]
    in_line = any((x - middle).norm() < 0.1 * (middle - pre).norm() for x in reads)
    return BlockParts(mixer, mlp, mlp is not None and not in_line, down, inputs)


def _down(mlp: Part, seen: dict[nn.Module, ModuleCall]) -> nn.Module | None:
    """The matrix whose output is the MLP's; None for a mixture of experts, where there is no one such."""
    call = seen[mlp.module]
    output = call.input if mlp.normed else call.output
    for module, other in seen.items():
        if isinstance(module, nn.Linear | Conv1D) and other.output is not None and torch.equal(other.output, output):
            return module
    return None


def _beside(block: nn.Module, down: nn.Module, d_model: int) -> tuple[nn.Module, ...]:
    """The matrices next to `down` from d_model to its width, or to twice that where two are fused."""
    parent = next(module for module in block.modules() if any(child is down for child in module.children()))
    width = matrix(down).shape[0]
    shapes = {(d_model, width), (d_model, 2 * width)}
    return tuple(
        module
        for module in parent.children()
        if isinstance(module, nn.Linear | Conv1D) and tuple(matrix(module).shape) in shapes
    )


def matrix(module: nn.Module) -> Tensor:
    """The weight as (in, out): Conv1D (GPT-2) keeps it so, Linear the other way round."""
    return module.weight if isinstance(module, Conv1D) else module.weight.T


def _dtype(lm: LanguageModel) -> torch.dtype:
    return lm.anatomy.embed.weight.dtype
