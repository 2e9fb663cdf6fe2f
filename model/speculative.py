"""Speculative decoding: a draft proposes, the target verifies all proposals in one forward pass.

Leviathan et al. 2023, algorithm 1. Beside each round, plain decoding makes as many tokens: what the speed-up is
measured against, at the same time and on the same machine.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from model.accept import Distribution, accept_chance, distribution, draw, judge, residual
from model.budget import Budget
from model.decoding import Decoding
from model.detokenize import decode
from model.drafts import Draft, Proposal
from model.errors import UserError
from model.fork import can_be_cut, cut_cache
from model.language_model import LanguageModel
from model.progress import Progress
from model.recipe import Recipe, SamplingSettings
from model.records import Token, Tokens
from model.records_speculative import Proposed, Round, Speculation
from model.sampling import uniform
from model.speculative_totals import totals
from model.tokens import describe

SHOWN = 5


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
    def made(self) -> list[int]:
        """The ids that the round adds."""
        return [proposal.token_id for proposal in self.proposals[: self.n_accepted]] + [self.extra]


def speculate(
    lm: LanguageModel, recipe: Recipe, tokens: Tokens, draft: Draft, found: Speculation, budget: Budget
) -> Iterator[Progress | Speculation]:
    """Goes on from `found`, which holds no round yet, to its `n_tokens`: yields all rounds so far after each.

    Ends at an end token, when the context is full or the budget spent. Raises UserError for a model whose KV cache
    cannot be cut back.
    """
    settings, n_prompt = recipe.sampling, len(tokens)
    yield Progress("Prefill of target, draft and plain decoding", 0, 1)
    target, plain = Decoding(lm, tokens.ids), Decoding(lm, tokens.ids)
    if not can_be_cut(target.cache):
        raise UserError("This model's KV cache cannot be cut back after a rejection, so it cannot verify drafts.")
    draft.propose(target.ids, 1)  # its own prefill, before anything is timed
    while not found.ended:
        left = min(found.n_tokens - len(found.tokens), _room(lm, target))
        verdict = one_round(target, draft, settings, n_prompt, min(found.n_draft, left - 1))
        made = _until_end(lm, verdict.made)
        plain_seconds, gap = _plain(plain, settings, n_prompt, target.ids[: verdict.start + len(made)])
        round_ = _record(lm, verdict, settings, len(made), plain_seconds)
        found = _with_round(lm, found, tokens, round_, made, plain.ids[n_prompt:], gap)
        late = not budget.allows(round_.draft_seconds + round_.verify_seconds + plain_seconds)
        found = replace(found, ended=_ended(lm, found, target) or ("time" if late else ""))
        yield Progress("Speculative decoding: token", len(found.tokens), found.n_tokens)
        yield found


def one_round(target: Decoding, draft: Draft, settings: SamplingSettings, n_prompt: int, n_draft: int) -> Verdict:
    """Proposes up to `n_draft` tokens, verifies them in one pass and adds one of the target's; `target` goes on."""
    ids = list(target.ids)

    def number(place: int, stream: str) -> float:
        return uniform(settings.seed, len(ids) + place, stream) if settings.do_sample else 0.5

    started = time.perf_counter()
    proposals = draft.propose(ids, n_draft) if n_draft > 0 else []
    drafted = time.perf_counter()
    proposed = [proposal.token_id for proposal in proposals]
    logits = target.forward([ids[-1], *proposed], keep=len(proposed) + 1)
    p = [distribution(row, ids + proposed[:place], settings, n_prompt) for place, row in enumerate(logits)]
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


def _plain(plain: Decoding, settings: SamplingSettings, n_prompt: int, upto: list[int]) -> tuple[float, float | None]:
    """Plain decoding up to as many tokens as `upto`: the seconds it took, and by how much the first other token won."""
    started, gap = time.perf_counter(), None
    while len(plain.ids) < len(upto):
        logits = plain.forward(plain.ids[-1:], keep=1)[0]
        chosen = distribution(logits, plain.ids, settings, n_prompt)
        place = len(plain.ids)
        plain.ids.append(draw(chosen, uniform(settings.seed, place) if settings.do_sample else 0.5))
        if gap is None and plain.ids[place] != upto[place]:
            gap = float(logits[plain.ids[place]] - logits[upto[place]])
    return time.perf_counter() - started, gap


def _room(lm: LanguageModel, target: Decoding) -> int:
    return (lm.card.context or 10**9) - len(target.ids)


def _until_end(lm: LanguageModel, made: list[int]) -> list[int]:
    """Nothing stands behind an end token, even where the draft went on."""
    end = next((place for place, token_id in enumerate(made) if token_id in lm.card.eos_token_ids), len(made))
    return made[: end + 1]


def _ended(lm: LanguageModel, found: Speculation, target: Decoding) -> str:
    if found.tokens[-1].id in lm.card.eos_token_ids:
        return "eos"
    if len(found.tokens) >= found.n_tokens:
        return "limit"
    return "context" if _room(lm, target) < 1 else ""


def _record(
    lm: LanguageModel, verdict: Verdict, settings: SamplingSettings, n_made: int, plain_seconds: float
) -> Round:
    n = len(verdict.proposals)
    extra_place = verdict.start + verdict.n_accepted
    # Behind an accepted end token the target's own is not given out.
    ended = n_made <= verdict.n_accepted
    kind = "bonus" if verdict.n_accepted == n else "resampled"
    return Round(
        proposed=tuple(_proposed(lm, verdict, place, settings) for place in range(n)),
        n_accepted=verdict.n_accepted,
        extra=None if ended else describe(lm.vocabulary, verdict.extra, extra_place),
        extra_kind="end" if ended else kind,
        extra_draw=uniform(settings.seed, extra_place, "extra") if settings.do_sample and not ended else None,
        added_from=() if ended else _likeliest(lm, verdict.added_from),
        draft_seconds=verdict.draft_seconds,
        verify_seconds=verdict.verify_seconds,
        plain_seconds=plain_seconds,
    )


def _proposed(lm: LanguageModel, verdict: Verdict, place: int, settings: SamplingSettings) -> Proposed:
    proposal = verdict.proposals[place]
    p, q = float(verdict.p[place][proposal.token_id]), float(proposal.q[proposal.token_id])
    position = verdict.start + place
    return Proposed(
        token=describe(lm.vocabulary, proposal.token_id, position),
        q=q,
        p=p,
        accept=accept_chance(p, q),
        draw=uniform(settings.seed, position, "accept") if settings.do_sample else None,
        accepted=place < verdict.n_accepted,
        judged=place <= verdict.n_accepted,
        by_draft=proposal.own,
        by_target=float(verdict.logits[place].double().softmax(-1)[proposal.token_id]),
    )


def _likeliest(lm: LanguageModel, weights: Distribution) -> tuple[tuple[Token, float], ...]:
    top = weights.topk(min(SHOWN, len(weights)))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return tuple((describe(lm.vocabulary, token_id, -1), share) for token_id, share in pairs if share > 0)


def _with_round(
    lm: LanguageModel,
    found: Speculation,
    prompt: Tokens,
    round_: Round,
    made: list[int],
    plain: list[int],
    gap: float | None,
) -> Speculation:
    start = len(prompt) + len(found.tokens)
    tokens = found.tokens + tuple(describe(lm.vocabulary, token_id, start + i) for i, token_id in enumerate(made))
    rounds = (*found.rounds, round_)
    ids = [token.id for token in tokens]
    differs = next((i for i, (a, b) in enumerate(zip(ids, plain, strict=True)) if a != b), None)
    return replace(
        found,
        tokens=tokens,
        rounds=rounds,
        equal=None if found.sampled else differs is None,
        first_different=None if found.sampled else differs,
        logit_gap=found.logit_gap if found.logit_gap is not None else (None if found.sampled else gap),
        text=decode(lm.vocabulary, ids, prompt.ids),
        totals=totals(rounds, len(tokens), found.n_draft),
    )
