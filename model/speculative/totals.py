"""The cost and gain of speculative decoding: totals over its rounds, and the speed-up expected by theory."""

from model.records.speculative import Round, Totals


def expected_tokens(acceptance: float, n_draft: float) -> float:
    """Expected tokens per round if each proposal is accepted with the same probability: (1 - a^(n+1)) / (1 - a).

    Leviathan et al. 2023, equation 1.
    """
    if acceptance >= 1.0:
        return n_draft + 1.0
    return (1.0 - acceptance ** (n_draft + 1)) / (1.0 - acceptance)


def expected_speed_up(acceptance: float, n_draft: float, draft_cost: float, verify_cost: float = 1.0) -> float:
    """Expected tokens of a round divided by its cost in plain steps: n drafted tokens and one verification.

    Leviathan et al. 2023, theorem 3.8, which assumes a `verify_cost` of 1: a verification costs one plain step.
    """
    return expected_tokens(acceptance, n_draft) / (n_draft * draft_cost + verify_cost)


def totals(rounds: tuple[Round, ...], n_tokens: int) -> Totals:
    """Sums over all rounds, and the ratios derived from them."""
    n_proposed = sum(len(r.proposed) for r in rounds)
    overlaps = [p.overlap for r in rounds for p in r.proposed if p.judged]
    n_judged = len(overlaps)
    n_accepted = sum(r.n_accepted for r in rounds)
    draft, verify, plain = (sum(getattr(r, f"{part}_seconds") for r in rounds) for part in ("draft", "verify", "plain"))
    step = plain / n_tokens
    draft_cost, verify_cost = draft / max(n_proposed, 1) / step, verify / len(rounds) / step
    acceptance = n_accepted / n_judged if n_judged else None
    length = n_proposed / len(rounds)
    theory = None if acceptance is None else (acceptance, length, draft_cost)
    return Totals(
        n_tokens=n_tokens,
        n_rounds=len(rounds),
        n_proposed=n_proposed,
        n_judged=n_judged,
        n_accepted=n_accepted,
        acceptance=acceptance,
        overlap=sum(overlaps) / n_judged if n_judged else None,
        proposed_per_round=length,
        tokens_per_forward=n_tokens / len(rounds),
        draft_seconds=draft,
        verify_seconds=verify,
        plain_seconds=plain,
        draft_cost=draft_cost,
        verify_cost=verify_cost,
        expected=theory and expected_speed_up(*theory, verify_cost),
        ideal=theory and expected_speed_up(*theory),
        speed_up=plain / (draft + verify),
    )
