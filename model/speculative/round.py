"""One round of speculative decoding: proposals, one pass of the target over them, acceptance, and an extra token."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from model.decode.draw import Probabilities, draw, one_token, uniform
from model.decode.sampling import next_distribution
from model.network.cut_cache import cut_cache
from model.network.sequence import CachedSequence
from model.request.recipe import SamplingSettings
from model.speculative.accept import judge, residual, rule_error
from model.speculative.drafts import Draft, Proposal

# The stream of numbers for tokens that replace a rejected proposal.
RESIDUAL = "residual"
# Greedy decoding draws nothing: its distribution is one token, which any number chooses.
GREEDY = 0.5


@dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome of one round, as tensors.

    `p` (the target's distributions) and `logits` (n, vocab) have one row more than there are proposals. `extra` is the
    target's own token, drawn from `added_from`. Times in seconds.
    """

    start: int
    proposals: list[Proposal]
    logits: Tensor
    p: list[Probabilities]
    n_accepted: int
    added_from: Probabilities
    extra: int
    draft_seconds: float
    verify_seconds: float

    @property
    def rule_error(self) -> float:
        """The error of the acceptance rule with the distribution that was drawn from; 0 if nothing was rejected."""
        if self.n_accepted == len(self.proposals):
            return 0.0
        return rule_error(self.p[self.n_accepted], self.proposals[self.n_accepted].q, self.added_from)

    @property
    def new_ids(self) -> list[int]:
        """The ids that the round adds: the accepted ones and the extra one."""
        return [proposal.token_id for proposal in self.proposals[: self.n_accepted]] + [self.extra]


def one_round(
    target: CachedSequence,
    draft: Draft,
    settings: SamplingSettings,
    n_prompt: int,
    n_draft: int,
    forced: Mapping[int, int] = MappingProxyType({}),
) -> Verdict:
    """Proposes up to `n_draft` tokens, verifies them in one pass, and adds one from the target; advances `target`.

    `forced` maps positions to tokens that a person chose; the target gives them all its weight.
    """
    ids = list(target.ids)

    def number(place: int, stream: str = "") -> float:
        return uniform(settings.seed, len(ids) + place, stream) if settings.do_sample else GREEDY

    started = time.perf_counter()
    proposals = draft.propose(ids, n_draft) if n_draft > 0 else []
    draft_end = time.perf_counter()
    draft_ids = [proposal.token_id for proposal in proposals]
    logits = target.forward([ids[-1], *draft_ids], keep=len(draft_ids) + 1)
    p = [
        target_distribution(row, ids + draft_ids[:place], settings, n_prompt, forced)
        for place, row in enumerate(logits)
    ]
    n_accepted = judge(p, [proposal.q for proposal in proposals], draft_ids, lambda place: number(place, "accept"))
    has_rejection = n_accepted < len(draft_ids)
    added_from = residual(p[n_accepted], proposals[n_accepted].q) if has_rejection else p[n_accepted]
    # The number that plain sampling uses here, unless a proposal was rejected: that was drawn with this number already.
    extra, _ = draw(added_from, number(n_accepted, RESIDUAL if has_rejection else ""))
    target.cache = cut_cache(target.cache, len(ids) + n_accepted)
    target.ids = [*ids, *draft_ids[:n_accepted], extra]
    return Verdict(
        start=len(ids),
        proposals=proposals,
        logits=logits,
        p=p,
        n_accepted=n_accepted,
        added_from=added_from,
        extra=extra,
        draft_seconds=draft_end - started,
        verify_seconds=time.perf_counter() - draft_end,
    )


def target_distribution(
    logits: Tensor, ids: list[int], settings: SamplingSettings, n_prompt: int, forced: Mapping[int, int]
) -> Probabilities:
    """The distribution (vocab,) that the target draws the token after `ids` from."""
    if (token_id := forced.get(len(ids))) is not None:
        return one_token(token_id, len(logits))
    return next_distribution(logits, ids, settings, n_prompt)
