"""Who proposes: a smaller model, the target's own first layers, or what the text itself has said before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from model.decode.sampling import uniform
from model.network.cut_cache import can_be_cut, cut_cache
from model.network.forward import cache_argument, layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.request.errors import UserError
from model.request.recipe import SamplingSettings
from model.speculative.accept import Distribution, distribution, draw, one_token
from model.speculative.shallow import first_layers

LONGEST_NGRAM = 4


@dataclass(frozen=True, eq=False)
class Proposal:
    """A proposed token, the distribution it was drawn from, and the draft's own probability of it."""

    token_id: int
    q: Distribution
    own: float | None


@runtime_checkable
class Draft(Protocol):
    """Proposes up to `n` tokens that may follow `ids`. What it keeps between calls only makes it quick."""

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]: ...


class LookupDraft:
    """What followed the last few tokens where they stood before (prompt lookup, Saxena 2023). Costs next to nothing."""

    def __init__(self, n_vocab: int):
        self.n_vocab = n_vocab

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """The continuation of the latest earlier place with the longest common ending; none where there is no such."""
        ids = list(ids)
        for length in range(min(LONGEST_NGRAM, len(ids) - 1), 0, -1):
            ending = ids[-length:]
            for start in range(len(ids) - length - 1, -1, -1):
                if ids[start : start + length] == ending:
                    following = ids[start + length : start + length + n]
                    return [Proposal(token, one_token(token, self.n_vocab), None) for token in following]
        return []


def next_proposal(
    logits: Tensor, ids: list[int], settings: SamplingSettings, n_prompt: int, own: Tensor | None = None
) -> Proposal:
    """A token drawn from a draft's logits (vocab,), by the settings of the target."""
    q = distribution(logits, ids, settings, n_prompt)
    number = uniform(settings.seed, len(ids), "draft") if settings.do_sample else 0.0
    token_id = draw(q, number)
    shares = logits.double().softmax(-1) if own is None else own
    return Proposal(token_id, q, float(shares[token_id]))


class ModelDraft:
    """A language model of the same vocabulary, with a KV cache of its own.

    Logits for fewer tokens than `n_vocab` get no chance for the others; those for more are cut: some models have
    rows that no token uses.
    """

    def __init__(self, lm: LanguageModel, settings: SamplingSettings, n_prompt: int, n_vocab: int):
        self.lm, self.settings, self.n_prompt, self.n_vocab = lm, settings, n_prompt, n_vocab
        self._fed: list[int] = []
        self._cache = new_cache(lm)

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """Decodes `n` tokens; positions that it has seen are taken from its cache."""
        ids, found = list(ids), []
        self._keep(ids)
        for _ in range(n):
            logits = self._forward(ids[len(self._fed) :])
            self._fed = list(ids)
            found.append(next_proposal(logits, ids, self.settings, self.n_prompt))
            ids.append(found[-1].token_id)
        return found

    def _keep(self, ids: list[int]) -> None:
        """Cuts the cache to what it shares with `ids`, leaving at least one position to forward."""
        same = next((i for i, (a, b) in enumerate(zip(self._fed, ids, strict=False)) if a != b), len(self._fed))
        same = min(same, len(ids) - 1)
        if same < len(self._fed):
            if same and not can_be_cut(self._cache):
                raise UserError("The draft's KV cache cannot be cut back after a rejection. Choose another draft.")
            self._cache = cut_cache(self._cache, same) if same else new_cache(self.lm)
            self._fed = self._fed[:same]

    @torch.inference_mode()
    def _forward(self, ids: list[int]) -> Tensor:
        with self.lm.lock:
            out = self.lm.model(
                torch.tensor([ids], device=self.lm.device),
                **cache_argument(self.lm, self._cache),
                use_cache=True,
                logits_to_keep=1,
            )
        row = out.logits[0, -1].float().cpu()[: self.n_vocab]
        return torch.nn.functional.pad(row, (0, self.n_vocab - len(row)), value=-torch.inf)


def leaving_after(lm: LanguageModel, n_layers: int) -> LanguageModel:
    """The target left early: final norm and head read the residual stream after its first `n_layers` layers.

    Raises UserError for a model that runs other layers than it is given.
    """
    shallow = replace(lm, model=first_layers(lm, n_layers))
    ran: set[int] = set()
    with lm.lock, torch.inference_mode(), layer_progress(lm, lambda done, _: ran.add(done)):
        shallow.model(torch.tensor([[0]], device=lm.device), use_cache=False)
    if ran != set(range(1, n_layers + 1)):
        raise UserError(
            f"This model ran {len(ran)} layers where {n_layers} were asked for: it cannot leave early. "
            "Choose another draft."
        )
    return shallow
