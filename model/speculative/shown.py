"""Turns the verdict of a round into the record that the page shows."""

import torch

from model.decode.draw import by_likelihood, uniform
from model.network.language_model import LanguageModel
from model.records.speculative import ExtraCandidate, JudgedProposal, Round
from model.request.recipe import SamplingSettings
from model.speculative.accept import accept_chance
from model.speculative.round import RESIDUAL, Verdict
from model.tokens.describe import describe_token

SHOWN = 5


def round_record(
    lm: LanguageModel, verdict: Verdict, settings: SamplingSettings, n_new: int, plain_seconds: float
) -> Round:
    """The record of a round of which `n_new` ids were used; plain decoding took `plain_seconds` for as many."""
    n = len(verdict.proposals)
    extra_position = verdict.start + verdict.n_accepted
    # After an accepted end token, the target's own token is dropped.
    has_ended = n_new <= verdict.n_accepted
    kind, stream = ("bonus", "") if verdict.n_accepted == n else ("resampled", RESIDUAL)
    return Round(
        proposed=tuple(_judged_proposal(lm, verdict, place, settings) for place in range(n)),
        n_accepted=verdict.n_accepted,
        extra=None if has_ended else describe_token(lm.vocabulary, verdict.extra, extra_position),
        extra_kind="end" if has_ended else kind,
        extra_draw=uniform(settings.seed, extra_position, stream) if settings.do_sample and not has_ended else None,
        added_from=() if has_ended else _extra_candidates(lm, verdict),
        draft_seconds=verdict.draft_seconds,
        verify_seconds=verdict.verify_seconds,
        plain_seconds=plain_seconds,
    )


def _judged_proposal(lm: LanguageModel, verdict: Verdict, place: int, settings: SamplingSettings) -> JudgedProposal:
    proposal = verdict.proposals[place]
    p, q = float(verdict.p[place][proposal.token_id]), float(proposal.q[proposal.token_id])
    position = verdict.start + place
    return JudgedProposal(
        token=describe_token(lm.vocabulary, proposal.token_id, position),
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


def _extra_candidates(lm: LanguageModel, verdict: Verdict) -> tuple[ExtraCandidate, ...]:
    """The most likely tokens of the distribution of the extra token, with their p and q."""
    place = verdict.n_accepted
    p = verdict.p[place]
    q = verdict.proposals[place].q if place < len(verdict.proposals) else None
    weights = verdict.added_from
    # In the order in which the draw lays their intervals.
    ids = by_likelihood(weights)[0][:SHOWN].tolist()
    # Always include the token that was drawn.
    ids = ids if verdict.extra in ids else [*ids, verdict.extra]
    return tuple(
        ExtraCandidate(
            describe_token(lm.vocabulary, i, -1), float(weights[i]), float(p[i]), None if q is None else float(q[i])
        )
        for i in ids
        if weights[i] > 0
    )
