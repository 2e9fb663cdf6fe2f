"""A round as computed to the record that is shown."""

import torch

from model.decode.sampling import uniform
from model.network.language_model import LanguageModel
from model.records.speculative import ExtraCandidate, Proposal, Round
from model.request.recipe import SamplingSettings
from model.speculative.accept import accept_chance
from model.speculative.round import Verdict
from model.tokens.describe import describe

SHOWN = 5


def record(lm: LanguageModel, verdict: Verdict, settings: SamplingSettings, n_made: int, plain_seconds: float) -> Round:
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
        added_from=() if ended else _likeliest(lm, verdict),
        draft_seconds=verdict.draft_seconds,
        verify_seconds=verdict.verify_seconds,
        plain_seconds=plain_seconds,
    )


def _proposed(lm: LanguageModel, verdict: Verdict, place: int, settings: SamplingSettings) -> Proposal:
    proposal = verdict.proposals[place]
    p, q = float(verdict.p[place][proposal.token_id]), float(proposal.q[proposal.token_id])
    position = verdict.start + place
    return Proposal(
        token=describe(lm.vocabulary, proposal.token_id, position),
        q=q,
        p=p,
        accept=accept_chance(p, q),
        draw=uniform(settings.seed, position, "accept") if settings.do_sample else None,
        accepted=place < verdict.n_accepted,
        judged=place <= verdict.n_accepted,
        by_draft=proposal.own,
        by_target=float(verdict.logits[place].double().softmax(-1)[proposal.token_id]),
        overlap=float(torch.minimum(verdict.p[place], proposal.q).sum()),
    )


def _likeliest(lm: LanguageModel, verdict: Verdict) -> tuple[ExtraCandidate, ...]:
    """The likeliest tokens where the target's own comes from, and what they had before q was taken off."""
    place = verdict.n_accepted
    p = verdict.p[place]
    q = verdict.proposals[place].q if place < len(verdict.proposals) else None
    weights = verdict.added_from
    likeliest = weights.topk(min(SHOWN, len(weights))).indices.tolist()
    # The one that was drawn is shown in any case.
    shown = likeliest if verdict.extra in likeliest else [*likeliest, verdict.extra]
    return tuple(
        ExtraCandidate(
            describe(lm.vocabulary, i, -1), float(weights[i]), float(p[i]), None if q is None else float(q[i])
        )
        for i in shown
        if weights[i] > 0
    )
