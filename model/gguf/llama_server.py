"""llama.cpp in this process, through the optional wheel xllamacpp: most likely tokens, and its own tokenizer."""

import importlib.util
import json
import secrets
import urllib.request
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from model.request.errors import UserError

# Several threads wait for each other by spinning. On a machine with other load, a token then took ten times as long as
# with one thread; on an idle machine with two cores it was not faster, because memory is the bottleneck.
THREADS = 1
SECONDS = 30
# More than any logit.
FORCED = 1e6


def is_installed() -> bool:
    """Whether the wheel is there; it is not imported."""
    return importlib.util.find_spec("xllamacpp") is not None


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
        self._key = secrets.token_hex(16)
        params.api_keys, params.verbosity = [self._key], -1
        self._server = xllamacpp.Server(params)  # pyright: ignore[reportAttributeAccessIssue]

    def most_likely(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """The `k` most likely tokens after `ids` as (id, log-probability), the most likely one first.

        Positions from the last call are reused from its KV cache. Raises UserError if llama.cpp fails.
        """
        answer = self._server.handle_completions(
            {
                "prompt": list(ids),
                "n_predict": 1,
                "n_probs": k,
                "cache_prompt": True,
                # An empty list of samplers still samples, even at temperature 0.
                "samplers": ["top_k"],
                "top_k": 1,
                # A step that ends the answer or is part of a character would be left out of the list. The bias changes
                # the token that is chosen, and none of the log-probabilities.
                "logit_bias": [[self._whole_text, FORCED]],
            }
        )
        if "choices" not in answer:
            raise UserError(f"llama.cpp refused: {str(answer)[:200]}. Choose another model or draft.")
        steps = (answer["choices"][0]["logprobs"] or {}).get("content")
        if not steps:
            raise UserError("llama.cpp gave no probabilities. Choose another model or draft.")
        return [(top["id"], top["logprob"]) for top in steps[0]["top_logprobs"]]

    @cached_property
    def _whole_text(self) -> int:
        """A token that is whole text by itself."""
        return next(iter(self.tokenize("a", special=False)), 0)

    def tokenize(self, text: str, special: bool = True) -> list[int]:
        """The ids that llama.cpp's own tokenizer gives; if `special`, with the tokens that it adds around the text."""
        request = urllib.request.Request(
            f"{self._server.listening_address}/tokenize",
            json.dumps({"content": text, "add_special": special, "parse_special": True}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        # It is on this machine: a proxy of the environment does not know it.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS) as answer:
            return [int(token_id) for token_id in json.load(answer)["tokens"]]
