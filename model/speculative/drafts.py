"""The drafts that propose tokens: a smaller model, the target's own first layers, or earlier parts of the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from model.decode.draw import Probabilities, draw, one_token, uniform
from model.decode.sampling import next_distribution
from model.network.cut_cache import can_be_cut, cut_cache
from model.network.forward import cache_argument, layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.request.errors import UserError
from model.request.recipe import SamplingSettings
from model.speculative.shallow import first_layers

LONGEST_NGRAM = 4


@dataclass(frozen=True, eq=False)
class Proposal:
    """A proposed token, the distribution `q` (vocab,) it was drawn from, and the draft's raw probability of it."""

    token_id: int
    q: Probabilities
    own: float | None


@runtime_checkable
class Draft(Protocol):
    """Proposes up to `n` tokens to follow `ids`. State kept between calls only makes it faster."""

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]: ...


class LookupDraft:
    """Proposes what followed an earlier occurrence of the last few tokens (prompt lookup, Saxena 2023); nearly free."""

    def __init__(self, n_vocab: int):
        self.n_vocab = n_vocab

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """What followed the latest earlier occurrence of the longest possible suffix; empty if there is none."""
        ids = list(ids)
        for length in range(min(LONGEST_NGRAM, len(ids) - 1), 0, -1):
            suffix = ids[-length:]
            for start in range(len(ids) - length - 1, -1, -1):
                if ids[start : start + length] == suffix:
                    next_ids = ids[start + length : start + length + n]
                    return [Proposal(token_id, one_token(token_id, self.n_vocab), None) for token_id in next_ids]
        return []


def next_proposal(
    logits: Tensor, ids: list[int], settings: SamplingSettings, n_prompt: int, own: Tensor | None = None
) -> Proposal:
    """A token drawn from a draft's logits (vocab,) with the sampling settings of the target.

    The number is the one that plain sampling uses at this position: where draft and target agree, one seed gives one
    answer, with the draft or without.
    """
    q = next_distribution(logits, ids, settings, n_prompt)
    number = uniform(settings.seed, len(ids)) if settings.do_sample else 0.0
    token_id, _ = draw(q, number)
    shares = logits.double().softmax(-1) if own is None else own
    return Proposal(token_id, q, float(shares[token_id]))


class ModelDraft:
    """A language model with the same vocabulary and its own KV cache.

    If it has logits for fewer tokens than `n_vocab`, the others get -inf, and it proposes nothing after such a token.
    If it has logits for more, these are cut off: some models have rows that no token uses.
    """

    def __init__(self, lm: LanguageModel, settings: SamplingSettings, n_prompt: int, n_vocab: int):
        self.lm, self.settings, self.n_prompt, self.n_vocab = lm, settings, n_prompt, n_vocab
        self._cached_ids: list[int] = []
        self._cache = new_cache(lm)

    def propose(self, ids: Sequence[int], n: int) -> list[Proposal]:
        """Decodes `n` tokens; positions from earlier calls are reused from its cache."""
        ids, proposals = list(ids), []
        if max(ids) >= self.lm.card.n_vocab:
            # The target may choose tokens that the draft has no row for: it cannot read them, and proposes nothing.
            return []
        self._cut_to(ids)
        for _ in range(n):
            logits = self._forward(ids[len(self._cached_ids) :])
            self._cached_ids = list(ids)
            proposals.append(next_proposal(logits, ids, self.settings, self.n_prompt))
            ids.append(proposals[-1].token_id)
        return proposals

    def _cut_to(self, ids: list[int]) -> None:
        """Cuts the cache to the prefix it shares with `ids`, leaving at least one position to forward."""
        pairs = enumerate(zip(self._cached_ids, ids, strict=False))
        n_same = next((i for i, (a, b) in pairs if a != b), len(self._cached_ids))
        n_same = min(n_same, len(ids) - 1)
        if n_same < len(self._cached_ids):
            if n_same and not can_be_cut(self._cache):
                raise UserError("The draft's KV cache cannot be cut back after a rejection. Choose another draft.")
            self._cache = cut_cache(self._cache, n_same) if n_same else new_cache(self.lm)
            self._cached_ids = self._cached_ids[:n_same]

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


def early_exit(lm: LanguageModel, n_layers: int) -> LanguageModel:
    """The target with an early exit: final norm and head read the residual stream after the first `n_layers` layers.

    Raises UserError for a model that does not run exactly these layers.
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
