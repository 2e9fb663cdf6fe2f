"""Records of speculative decoding: what a draft proposed, what the target made of it, and what it cost."""

from dataclasses import dataclass

from model.records.run import Token


@dataclass(frozen=True)
class DraftChoice:
    """A way to draft, and why it is off here; `reason` is empty where it works."""

    kind: str
    reason: str = ""


@dataclass(frozen=True)
class Proposal:
    """One proposed token. `q` and `p` are the probabilities it was drawn from and is judged by, settings applied.

    `accept` is min(1, p/q); `draw` the uniform number it is held against, None in greedy decoding.
    `by_draft` and `by_target` are the two models' own probabilities; None for a draft that is no model.
    `judged` is False behind the first rejection. `overlap` is the chance that whatever the draft draws here is
    accepted: the sum of min(p, q).
    """

    token: Token
    q: float
    p: float
    accept: float
    draw: float | None
    accepted: bool
    judged: bool
    by_draft: float | None
    by_target: float
    overlap: float


@dataclass(frozen=True)
class ExtraCandidate:
    """One token of the distribution that the target's own was drawn from, `share` of it; its `p`, and its `q` where
    that was taken off.
    """

    token: Token
    share: float
    p: float
    q: float | None


@dataclass(frozen=True)
class Round:
    """What a draft proposed, how much of it stayed, and the token that the target added.

    `extra_kind` is 'bonus' when all were accepted, 'resampled' after a rejection, 'end' when an end token was
    accepted and nothing is added. `added_from` are the likeliest tokens of the distribution the addition comes from:
    the target's, or the residual norm(max(p - q, 0)). Times in seconds.
    """

    proposed: tuple[Proposal, ...]
    n_accepted: int
    extra: Token | None
    extra_kind: str
    extra_draw: float | None
    added_from: tuple[ExtraCandidate, ...]
    draft_seconds: float
    verify_seconds: float
    plain_seconds: float


@dataclass(frozen=True)
class Totals:
    """Of all rounds so far. `acceptance` counts judged proposals only; None while nothing was judged.

    `draft_cost` and `verify_cost` are one drafted token and one verification, as shares of a plain decoding step;
    `expected` is the speed-up that follows from them and the acceptance, `ideal` the same where a verification costs
    one plain step; `speed_up` is the measured one. `overlap` is the mean chance of being accepted, by p and q.
    """

    n_tokens: int
    n_rounds: int
    n_proposed: int
    n_judged: int
    n_accepted: int
    acceptance: float | None
    overlap: float | None
    proposed_per_round: float
    tokens_per_forward: float
    draft_seconds: float
    verify_seconds: float
    plain_seconds: float
    draft_cost: float
    verify_cost: float
    expected: float | None
    ideal: float | None
    speed_up: float


@dataclass(frozen=True)
class Speculation:
    """Speculative decoding so far, beside plain decoding of as many tokens from the same prompt.

    `equal` says whether the tokens are those of plain decoding; None when they are drawn, and so differ.
    `rule_error` is the largest difference between p and what the rule gives, over all tokens where one was judged.
    The prefill of each is not part of the rounds.
    """

    kind: str
    n_draft: int
    n_tokens: int
    sampled: bool
    tokens: tuple[Token, ...]
    rounds: tuple[Round, ...]
    equal: bool | None
    first_different: int | None
    logit_gap: float | None
    text: str
    ended: str
    totals: Totals | None
    rule_error: float = 0.0
    prefill_seconds: float = 0.0
    draft_prefill_seconds: float = 0.0
