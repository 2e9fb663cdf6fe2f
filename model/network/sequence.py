"""A sequence with its own KV cache, without capture, for measurements that leave the run untouched."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.network.cut_cache import cut_cache
from model.network.forward import cache_argument, new_cache
from model.network.language_model import LanguageModel


class CachedSequence:
    """Token ids, and a KV cache of all but the last one, which is the input of the next forward pass."""

    def __init__(self, lm: LanguageModel, ids: Sequence[int]):
        self.lm, self.ids, self.cache = lm, list(ids), new_cache(lm)
        self.logits: Tensor | None = None
        if len(self.ids) > 1:
            self.forward(self.ids[:-1], keep=1)

    def again(self) -> "CachedSequence":
        """A copy that continues independently; the tensors cached so far are shared."""
        twin = CachedSequence(self.lm, self.ids[-1:])
        twin.ids = list(self.ids)
        if len(self.ids) > 1:
            twin.cache = cut_cache(self.cache, len(self.ids) - 1)
        return twin

    @torch.inference_mode()
    def forward(self, ids: list[int], keep: int) -> Tensor:
        """Forwards `ids` after the cached ones. Returns logits (keep, vocab) of the last ones, float32 on the CPU."""
        with self.lm.lock:
            out = self.lm.model(
                torch.tensor([ids], device=self.lm.device),
                **cache_argument(self.lm, self.cache),
                use_cache=True,
                logits_to_keep=keep,
            )
        logits = out.logits[0, -keep:].float().cpu()
        self.logits = logits
        return logits
