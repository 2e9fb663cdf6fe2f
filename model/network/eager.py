"""The model's own results with eager attention and without a cache: the reference for the numbers on the page."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from model.network.implementation import attention_as
from model.network.language_model import LanguageModel


@torch.inference_mode()
def full_logits(lm: LanguageModel, ids: Sequence[int]) -> Tensor:
    """Logits (vocab,) of the last position from one pass without a cache, float32 on the CPU."""
    out = lm.model(torch.tensor([list(ids)], device=lm.device), use_cache=False, logits_to_keep=1)
    return out.logits[0, -1].float().cpu()


def eager_patterns(
    lm: LanguageModel, ids: Sequence[int], modules: dict[int, nn.Module]
) -> tuple[dict[int, Tensor], Tensor]:
    """The maps (head, query, key) of these attention modules from the model's own eager attention, and the logits.

    Call it with `lm.lock` held: it switches the model's attention for this pass.
    """
    patterns: dict[int, Tensor] = {}

    def keep(index: int):
        def hook(_module, _args, output):
            patterns[index] = output[1][0].float().cpu()

        return hook

    handles = [module.register_forward_hook(keep(index)) for index, module in modules.items()]
    try:
        with attention_as(lm, "eager"):
            logits = full_logits(lm, ids)
    finally:
        for handle in handles:
            handle.remove()
    return patterns, logits
