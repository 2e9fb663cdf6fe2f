"""Records of speculative decoding: the draft's proposals, the target's verdicts, and the cost."""

from dataclasses import dataclass

from model.records.run import Check, Token


@dataclass(frozen=True)
class DraftChoice:
    """A way to draft, and the reason why it is unavailable here; empty if it is available."""

    kind: str
    reason: str = ""


@dataclass(frozen=True)
class JudgedProposal:
    """One proposed token, with its probability `q` in the draft and `p` in the target, sampling settings applied.

    `accept` is min(1, p/q); `draw` is the uniform number it is compared with, None in greedy decoding.
    `by_draft` and `by_target` are the two models' raw probabilities; `by_draft` is None if the draft is not a model.
    `judged` is False after the first rejection. `overlap` is the sum of min(p, q) over all tokens: the probability
    that a token drawn by the draft here is accepted.
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
    """One token of the distribution that the extra token was drawn from: its `share`, its `p`, and the `q` that was
    subtracted, if any.
    """

    token: Token
    share: float
    p: float
    q: float | None


@dataclass(frozen=True)
class Round:
    """One round: the draft's proposals, how many were accepted, and the extra token from the target.

    `extra_kind` is 'bonus' if all were accepted, 'resampled' after a rejection, 'end' if an end token was accepted and
    nothing is added. `added_from` are the most likely tokens of the distribution that `extra` is drawn from: the
    target's, or the residual norm(max(p - q, 0)) (Leviathan et al. 2023). Times in seconds.
    """

    proposed: tuple[JudgedProposal, ...]
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
    """Totals over all rounds so far. `acceptance` is the accepted share of the judged proposals; None if none was.

    `draft_cost` and `verify_cost` are the times of one drafted token and of one verification, relative to a plain
    decoding step; `expected` is the speed-up that follows from them and the acceptance, `ideal` the same if a
    verification cost one plain step; `speed_up` is measured. `overlap` is the mean acceptance probability from p and q.
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
    """Speculative decoding so far, compared with plain decoding of as many tokens from the same prompt.

    `equal`: the tokens are the same as in plain decoding; None if they are sampled, for then they may differ.
    `rule_error` is the largest difference, over all tokens of the places with a rejection, between p and what the
    acceptance rule produces with the distribution that was drawn from. `checks` are of the numbers in `rounds`. The
    prefills are not part of the rounds.
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
    checks: tuple[Check, ...] = ()
    prefill_seconds: float = 0.0
    draft_prefill_seconds: float = 0.0
