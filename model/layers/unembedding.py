"""How a model computes its logits from the output of the last block: final norm, head, factor or softcap.

The modules are those that run between the last block and the head; a factor on the logits (cohere, granite) or a
softcap (gemma2) is found by comparison with the model's own logits. A check verifies the result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.capture.capture import Capture, capturing
from model.capture.chunk_rows import softcapped
from model.capture.recording import ModuleCall, recording
from model.network.anatomy import weight_of
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.network.tolerances import LOGIT_TOLERANCE

N_PROBED = 12
SOFTCAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
# Two results are the same within this many roundings of the largest logit.
ROUNDINGS = 64


@dataclass(frozen=True, eq=False)
class Unembedding:
    """logits = softcap(`factor` * head(modules(x))), with softcap(y) = c * tanh(y / c).

    `reason` says why it is unknown; empty if it is known.
    """

    modules: tuple[nn.Module, ...]
    head: nn.Module
    factor: float = 1.0
    softcap: float | None = None
    reason: str = ""

    @torch.inference_mode()
    def logits(self, x: Tensor) -> Tensor:
        """The logits (n, vocab), float32 on the CPU, of residual rows x (n, d_model)."""
        weight = weight_of(self.head)
        rows = x[None].to(weight.device, weight.dtype)
        for module in self.modules:
            rows = module(rows)
        return self.finish(self.head(rows)[0].float().cpu())

    def finish(self, raw: Tensor) -> Tensor:
        """Applies factor and softcap to the head's output."""
        return softcapped(raw * self.factor, self.softcap)


class UpToHead(nn.Module):
    """The module that contains the head, up to the head's input: roberta's has an activation that is not a module."""

    def __init__(self, holder: nn.Module, head: nn.Module):
        super().__init__()
        self.holder, self.head = holder, head

    def forward(self, rows: Tensor) -> Tensor:
        inputs = []
        hook = self.head.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        try:
            self.holder(rows)
        finally:
            hook.remove()
        return inputs[0]


@once_per_model
def unembedding(lm: LanguageModel) -> Unembedding:
    """Finds how the model computes its logits in one short pass, once per model."""
    calls, last, logits = _probe(lm)
    if last is None:
        return Unembedding((), lm.anatomy.head, reason="the last layer does not give one vector a position")
    attempts = [_verified(lm, modules, last, logits) for modules in _candidates(lm, _outermost(calls))]
    return next((attempt for attempt in attempts if not attempt.reason), attempts[0])


def _candidates(lm: LanguageModel, between: tuple[nn.Module, ...]) -> list[tuple[nn.Module, ...]]:
    """Possible modules between the last block and the head: those that ran, or the module that contains the head."""
    head, block = lm.anatomy.head, lm.anatomy.blocks[-1]
    contents = [(m, set(m.modules())) for m in lm.model.modules() if m is not head]
    holder = next((m for m, parts in contents if head in parts and block not in parts), None)
    if holder is None:
        return [between]
    inside = set(holder.modules())
    return [between, (*(m for m in between if m not in inside), UpToHead(holder, head))]


def _verified(lm: LanguageModel, modules: tuple[nn.Module, ...], last: Tensor, logits: Tensor) -> Unembedding:
    """The unembedding with these modules if it reproduces the model's own logits, or else the reason why not."""
    head = lm.anatomy.head
    plain = Unembedding(modules, head)
    try:
        raw = plain.logits(last)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return Unembedding((), head, reason=f"the modules after the last layer cannot be run alone ({error})")
    fitted = _fitted(lm, plain, raw, logits)
    error, largest = float((fitted.finish(raw) - logits).abs().max()), float(logits.abs().max())
    if error <= LOGIT_TOLERANCE[lm.dtype] * largest:
        return fitted
    reason = (
        f"final norm and unembedding on the last layer miss the model's own logits by {error:.2g} "
        f"(the largest is {largest:.3g})"
    )
    return Unembedding((), head, reason=reason)


def _probe(lm: LanguageModel) -> tuple[list[ModuleCall], Tensor | None, Tensor]:
    """The calls after the last block, the last block's output, and the logits (position, vocab)."""
    n = min(N_PROBED, lm.card.context or N_PROBED)
    ids = torch.tensor([[(29 * i + 5) % lm.card.n_vocab for i in range(n)]], device=lm.device)
    last = lm.anatomy.blocks[-1]
    inside = {module for block in lm.anatomy.blocks for module in block.modules()}
    around = {m for m in lm.model.modules() if any(child in inside for child in m.modules())}
    modules = [m for m in lm.model.modules() if m not in around and lm.anatomy.head not in set(m.modules())]
    with lm.lock, torch.inference_mode(), capturing(Capture(), n), recording([*modules, last], n) as calls:
        logits = lm.model(ids, use_cache=False).logits[0].float().cpu()
    at = next((i for i, call in enumerate(calls) if call.module is last), None)
    return ([], None, logits) if at is None else (calls[at + 1 :], calls[at].output, logits)


def _outermost(calls: list[ModuleCall]) -> tuple[nn.Module, ...]:
    """The modules that ran and are not inside another of them."""
    ran = [call.module for call in calls if call.input is not None and call.output is not None]
    return tuple(m for m in ran if not any(m is not other and m in set(other.modules()) for other in ran))


def fit_finish(lm: LanguageModel, raw: Tensor, logits: Tensor) -> Callable[[Tensor], Tensor]:
    """The factor or softcap that turns the head's output into logits, fitted to logits (..., vocab) of the model."""
    return _fitted(lm, Unembedding((), lm.anatomy.head), raw, logits).finish


def _fitted(lm: LanguageModel, plain: Unembedding, raw: Tensor, logits: Tensor) -> Unembedding:
    """Adds the factor or softcap that brings it closest to the model's logits, if one is needed."""

    def error(candidate: Unembedding) -> float:
        return float((candidate.finish(raw) - logits).abs().max())

    rounding = ROUNDINGS * torch.finfo(lm.dtype).eps * float(logits.abs().max())
    factor = float((raw.double() * logits.double()).sum() / raw.double().square().sum().clamp_min(1e-300))
    candidates = [plain, Unembedding(plain.modules, plain.head, factor)]
    config = lm.model.config.get_text_config()
    if cap := next((cap for name in SOFTCAPS if (cap := getattr(config, name, None))), None):
        candidates.insert(0, Unembedding(plain.modules, plain.head, softcap=float(cap)))
    return next((candidate for candidate in candidates if error(candidate) <= rounding), min(candidates, key=error))
