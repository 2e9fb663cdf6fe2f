"""Counts the FLOPs of a few short passes of the live model, product by product, with torch's own formula of each.

A pass over n positions takes a·n² + b·n + c FLOPs, where a·n² is attention's; a step with the cache over n keys takes
d·n + e. Three passes and two steps determine them, and so the count at any length that no window cuts short.
"""

from dataclasses import dataclass

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from model.network.forward import cache_argument, new_cache
from model.network.implementation import attention_as
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model

SHORTEST = 4


@dataclass(frozen=True)
class Counted:
    """FLOPs as counted: `square`, `linear`, `constant` of a whole pass, `by_key` and `step` of one with the cache.

    `reason` says why nothing could be counted; empty if it could.
    """

    square: float = 0.0
    linear: float = 0.0
    constant: float = 0.0
    by_key: float = 0.0
    step: float = 0.0
    reason: str = ""

    def whole(self, n: int) -> float:
        """A pass over all `n` positions."""
        return self.square * n * n + self.linear * n + self.constant

    def cached(self, n_keys: int) -> float:
        """A step of one position over `n_keys` keys."""
        return self.by_key * n_keys + self.step

    def attention(self, n: int) -> float:
        """Attention's products of every query with every key of `n` positions."""
        return self.square * n * n


class _Counter(TorchDispatchMode):
    """What `FlopCounterMode` counts, without its account of each module, which takes longer than the passes."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs, formula = kwargs or {}, flop_registry.get(func._overloadpacket)
        if formula is None:
            # The products that an operation is made of come here in turn.
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        out = func(*args, **kwargs)
        self.total += formula(*args, **kwargs, out_val=out) if formula else 0
        return out


@once_per_model
def counted(lm: LanguageModel) -> Counted:
    """Counts once per model, in about a second. Eager attention and experts: each product is one of its own."""
    experts = getattr(lm.model.config.get_text_config(), "_experts_implementation", None)
    try:
        with lm.lock, attention_as(lm, "eager"):
            if experts is not None:
                lm.model.set_experts_implementation("eager")
            try:
                return _count(lm)
            finally:
                if experts is not None:
                    lm.model.set_experts_implementation(experts)
    except Exception as error:  # a family may refuse eager attention, or fail in it; its FLOPs are then not counted
        return Counted(reason=f"the passes of this family could not be counted ({error})")


@torch.inference_mode()
def _count(lm: LanguageModel) -> Counted:
    def flops(n: int, cache=None) -> int:
        ids = torch.tensor([[(29 * i + 5) % lm.card.n_vocab for i in range(n)]], device=lm.device)
        with _Counter() as counter:
            lm.model(ids, **cache_argument(lm, cache), use_cache=cache is not None, logits_to_keep=1)
        return counter.total

    n, cache = SHORTEST, new_cache(lm)
    # The first pass with the cache is one over all of its positions.
    first, step, later = flops(n, cache), flops(1, cache), flops(1, cache)
    second, third = flops(n + 1), flops(n + 2)
    square = (third - 2 * second + first) / 2
    linear = second - first - square * (2 * n + 1)
    by_key = float(later - step)
    return Counted(square, linear, first - square * n * n - linear * n, by_key, step - by_key * (n + 1))
