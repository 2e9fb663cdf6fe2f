"""The way from the last block to the logits: final norm, unembedding, and what some families do after it.

The modules are those that run between the last block and the head; a factor on the logits (cohere, granite) or a
softcap (gemma2) is found by comparing with the model's own logits. That it is right is a check like any other.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.network.capture import Capture, capturing
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.network.recording import ModuleCall, recording
from model.network.tolerances import LOGIT_TOLERANCE

N_PROBED = 12
SOFTCAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
# Roundings of the largest logit within which two ways are the same.
ROUNDINGS = 64


@dataclass(frozen=True, eq=False)
class Unembedding:
    """logits = softcap(`factor` * head(modules(x))), softcap(y) = c * tanh(y / c). `reason`: why it is unknown."""

    modules: tuple[nn.Module, ...]
    head: nn.Module
    factor: float = 1.0
    softcap: float | None = None
    reason: str = ""

    @torch.inference_mode()
    def logits(self, x: Tensor) -> Tensor:
        """Residual rows (n, d_model) to float32 logits (n, vocab) on the CPU, as the model makes them."""
        weight = self.head.weight
        rows = x[None].to(weight.device, weight.dtype)
        for module in self.modules:
            rows = module(rows)
        return self.finished(self.head(rows)[0].float().cpu())

    def finished(self, raw: Tensor) -> Tensor:
        """What the head gave, to the logits."""
        raw = raw * self.factor
        return raw if self.softcap is None else torch.tanh(raw / self.softcap) * self.softcap


class UpToHead(nn.Module):
    """The module that holds the head, as far as what enters the head: roberta's has an activation that is no module."""

    def __init__(self, holder: nn.Module, head: nn.Module):
        super().__init__()
        self.holder, self.head = holder, head

    def forward(self, rows: Tensor) -> Tensor:
        entered = []
        hook = self.head.register_forward_pre_hook(lambda _, args: entered.append(args[0]))
        try:
            self.holder(rows)
        finally:
            hook.remove()
        return entered[0]


@once_per_model
def unembedding(lm: LanguageModel) -> Unembedding:
    """Finds the way on one short pass, once per model."""
    calls, last, logits = _probe(lm)
    if last is None:
        return Unembedding((), lm.anatomy.head, reason="the last layer does not give one vector a position")
    tried = [_proved(lm, modules, last, logits) for modules in _ways(lm, _between(lm, calls))]
    return next((way for way in tried if not way.reason), tried[0])


def _ways(lm: LanguageModel, between: tuple[nn.Module, ...]) -> list[tuple[nn.Module, ...]]:
    """What may stand between the last block and the head: the modules that ran, or the head's holder as one."""
    head, block = lm.anatomy.head, lm.anatomy.blocks[-1]
    held = [(m, set(m.modules())) for m in lm.model.modules() if m is not head]
    holder = next((m for m, parts in held if head in parts and block not in parts), None)
    if holder is None:
        return [between]
    inside = set(holder.modules())
    return [between, (*(m for m in between if m not in inside), UpToHead(holder, head))]


def _proved(lm: LanguageModel, modules: tuple[nn.Module, ...], last: Tensor, logits: Tensor) -> Unembedding:
    """The way through these modules where it leads to the model's own logits; else why it does not."""
    head = lm.anatomy.head
    plain = Unembedding(modules, head)
    try:
        raw = plain.logits(last)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return Unembedding((), head, reason=f"the modules after the last layer cannot be run alone ({error})")
    found = _finishing(lm, plain, raw, logits)
    error, largest = float((found.finished(raw) - logits).abs().max()), float(logits.abs().max())
    if error <= LOGIT_TOLERANCE[lm.anatomy.embed.weight.dtype] * largest:
        return found
    reason = (
        f"final norm and unembedding on the last layer miss the model's own logits by {error:.2g} "
        f"(the largest is {largest:.3g})"
    )
    return Unembedding((), head, reason=reason)


def _probe(lm: LanguageModel) -> tuple[list[ModuleCall], Tensor | None, Tensor]:
    """The calls outside the blocks after the last one, what the last gave, and the logits (position, vocab)."""
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


def _between(lm: LanguageModel, calls: list[ModuleCall]) -> tuple[nn.Module, ...]:
    """Of the modules that ran, those that are not inside another of them."""
    ran = [call.module for call in calls if call.input is not None and call.output is not None]
    return tuple(m for m in ran if not any(m is not other and m in set(other.modules()) for other in ran))


def _finishing(lm: LanguageModel, plain: Unembedding, raw: Tensor, logits: Tensor) -> Unembedding:
    """With the factor or softcap that brings it closest to the model's logits; none where none is needed."""

    def missed(way: Unembedding) -> float:
        return float((way.finished(raw) - logits).abs().max())

    rounding = ROUNDINGS * torch.finfo(lm.anatomy.embed.weight.dtype).eps * float(logits.abs().max())
    factor = float((raw.double() * logits.double()).sum() / raw.double().square().sum().clamp_min(1e-300))
    ways = [plain, Unembedding(plain.modules, plain.head, factor)]
    config = lm.model.config.get_text_config()
    if cap := next((cap for name in SOFTCAPS if (cap := getattr(config, name, None))), None):
        ways.insert(0, Unembedding(plain.modules, plain.head, softcap=float(cap)))
    return next((way for way in ways if missed(way) <= rounding), min(ways, key=missed))
