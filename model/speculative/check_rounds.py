"""Checks speculative decoding on the numbers that the page shows of each round, by plain arithmetic.

Leviathan et al. 2023, algorithm 1: a proposal stays if its drawn number is below min(1, p/q); after a rejection the
token comes from norm(max(p - q, 0)).
"""

from collections.abc import Iterator

from model.records.run import Check
from model.records.speculative import JudgedProposal, Round
from model.speculative.round import GREEDY
from model.speculative.shown import SHOWN

ACCEPT, LEFT, DRAWN = "kept below min(1, p/q)", "drawn from max(0, p − q)", "drawn number in the token's interval"
RULE = "rounds give p back"
TOLERANCE = 1e-9
# Where p and q agree on all but this much, what is left of p is rounding.
LEAST = 1e-6


def rounds_checks(rounds: tuple[Round, ...], rule_error: float) -> tuple[Check, ...]:
    """The checks of all rounds so far; `rule_error` is the largest difference from p at the rejections, by the loop."""
    rejections = sum(round_.extra_kind == "resampled" for round_ in rounds)
    how = (
        f"at {rejections} rejections: min(p, q), and the rest times the distribution that the token was drawn from, "
        "against p over the whole vocabulary"
    )
    rule = Check(RULE, rule_error, TOLERANCE, how, made=rejections > 0)
    return (_accept_check(rounds), _left_check(rounds), _drawn_check(rounds), rule)


def _accept_check(rounds: tuple[Round, ...]) -> Check:
    judged = [proposal for round_ in rounds for proposal in round_.proposed if proposal.judged]
    error = max((_misjudged(proposal) for proposal in judged), default=float("nan"))
    how = (
        f"{len(judged)} judged proposals: the difference of the shown ratio from p/q or 1, and 1 where a proposal was "
        "kept though its drawn number is not below it, or the other way round"
    )
    return Check(ACCEPT, error, TOLERANCE, how, made=bool(judged))


def _misjudged(proposal: JudgedProposal) -> float:
    right = 1.0 if proposal.p >= proposal.q else proposal.p / proposal.q
    number = GREEDY if proposal.draw is None else proposal.draw
    return max(abs(proposal.accept - right), float((number < right) != proposal.accepted))


def _left_check(rounds: tuple[Round, ...]) -> Check:
    errors = [error for round_ in rounds for error in _share_errors(round_)]
    how = (
        f"{len(errors)} shares that a round's own token was drawn from, against max(0, p − q) over the part of p that "
        "q does not cover, after a rejection, and against p otherwise"
    )
    return Check(LEFT, max(errors, default=float("nan")), TOLERANCE / LEAST, how, made=bool(errors))


def _share_errors(round_: Round) -> Iterator[float]:
    rejected = round_.proposed[round_.n_accepted] if round_.extra_kind == "resampled" else None
    uncovered = 1.0 if rejected is None else 1.0 - rejected.overlap
    if uncovered < LEAST:
        return
    for item in round_.added_from:
        left = item.p if rejected is None else max(0.0, item.p - (item.q or 0.0))
        yield abs(item.share - left / uncovered)


def _drawn_check(rounds: tuple[Round, ...]) -> Check:
    outside = [far for round_ in rounds if (far := _outside(round_)) is not None]
    how = (
        f"{len(outside)} drawn numbers: how far one lies outside of the interval of the token that it chose, the "
        "likeliest first in the shown distribution"
    )
    return Check(DRAWN, max(outside, default=float("nan")), TOLERANCE, how, made=bool(outside))


def _outside(round_: Round) -> float | None:
    """How far a round's drawn number lies outside of its token's interval; None where nothing was drawn."""
    if round_.extra is None or round_.extra_draw is None:
        return None
    ids = [item.token.id for item in round_.added_from]
    if round_.extra.id not in ids:
        # It has no share at all.
        return 1.0
    place = ids.index(round_.extra.id)
    shares = [item.share for item in round_.added_from]
    before = sum(shares[:place])
    # Behind the likeliest ones stands the drawn token, wherever its interval is.
    after = before + shares[place] if place < SHOWN else 1.0
    return max(before - round_.extra_draw, round_.extra_draw - after, 0.0)
