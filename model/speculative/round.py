"""One round of speculative decoding: proposals, one pass of the target over them, the accept rule, its own token."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from model.decode.sampling import uniform
from model.network.cut_cache import cut_cache
from model.network.sequence import Decoding
from model.request.recipe import SamplingSettings
from model.speculative.accept import Distribution, distribution, draw, judge, one_token, residual, rule_error
from model.speculative.drafts import Draft, Proposal


@dataclass(frozen=True, eq=False)
class Verdict:
    """One round as computed: `p` and `logits` have a row more than there are proposals."""

    start: int
    proposals: list[Proposal]
    logits: Tensor
    p: list[Distribution]
    n_accepted: int
    added_from: Distribution
    extra: int
    draft_seconds: float
    verify_seconds: float

    @property
    def rule_error(self) -> float:
        """The largest error of the accept rule at the proposals that were judged."""
        judged = zip(self.p, self.proposals[: self.n_accepted + 1], strict=False)
        return max((rule_error(p, proposal.q) for p, proposal in judged), default=0.0)

    @property
    def made(self) -> list[int]:
        """The ids that the round adds."""
        return [proposal.token_id for proposal in self.proposals[: self.n_accepted]] + [self.extra]


def one_round(
    target: Decoding,
    draft: Draft,
    settings: SamplingSettings,
    n_prompt: int,
    n_draft: int,
    forced: Mapping[int, int] = MappingProxyType({}),
) -> Verdict:
    """Proposes up to `n_draft` tokens, verifies them in one pass and adds one of the target's; `target` goes on.

    `forced` are tokens that a person chose, by position: there the target gives all its weight to them.
    """
    ids = list(target.ids)

    def number(place: int, stream: str) -> float:
        return uniform(settings.seed, len(ids) + place, stream) if settings.do_sample else 0.5

    started = time.perf_counter()
    proposals = draft.propose(ids, n_draft) if n_draft > 0 else []
    drafted = time.perf_counter()
    proposed = [proposal.token_id for proposal in proposals]
    logits = target.forward([ids[-1], *proposed], keep=len(proposed) + 1)
    p = [wanted(row, ids + proposed[:place], settings, n_prompt, forced) for place, row in enumerate(logits)]
    n_accepted = judge(p, [proposal.q for proposal in proposals], proposed, lambda place: number(place, "accept"))
    rejected = n_accepted < len(proposed)
    added_from = residual(p[n_accepted], proposals[n_accepted].q) if rejected else p[n_accepted]
    extra = draw(added_from, number(n_accepted, "extra"))
    target.cache = cut_cache(target.cache, len(ids) + n_accepted)
    target.ids = [*ids, *proposed[:n_accepted], extra]
    return Verdict(
        start=len(ids),
        proposals=proposals,
        logits=logits,
        p=p,
        n_accepted=n_accepted,
        added_from=added_from,
        extra=extra,
        draft_seconds=drafted - started,
        verify_seconds=time.perf_counter() - drafted,
    )


def wanted(
    logits: Tensor, ids: list[int], settings: SamplingSettings, n_prompt: int, forced: Mapping[int, int]
) -> Distribution:
    """What the target draws the token after `ids` from."""
    if (token_id := forced.get(len(ids))) is not None:
        return one_token(token_id, len(logits))
    return distribution(logits, ids, settings, n_prompt)
