"""The acceptance rule of speculative decoding: which proposals are accepted, and what replaces the first rejected one.

Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", algorithm 1; Chen et al. 2023.
Greedy decoding is the same rule on distributions with all their weight on one token.
"""

from collections.abc import Callable

import torch

from model.decode.draw import Probabilities


def accept_chance(p: float, q: float) -> float:
    """min(1, p/q): the probability that a token drawn with probability `q` is accepted if the target gives it `p`."""
    return min(1.0, p / q)


def residual(p: Probabilities, q: Probabilities) -> Probabilities:
    """norm(max(p - q, 0)): the distribution to draw from after a rejection."""
    excess = (p - q).clamp(min=0.0)
    total = excess.sum()
    # If p and q are equal up to rounding, nothing is left, and p itself is right.
    return excess / total if total > 0 else p


def rule_error(p: Probabilities, q: Probabilities, left: Probabilities) -> float:
    """The largest difference between `p` and what the rule produces: min(p, q) + P(rejected) · left.

    If `left`, the distribution that is drawn from after a rejection, is the residual, it is only rounding for any `q`
    (Leviathan et al. 2023, appendix A.1).
    """
    accepted = torch.minimum(p, q)
    return float((accepted + (1.0 - accepted.sum()) * left - p).abs().max())


def judge(p: list[Probabilities], q: list[Probabilities], ids: list[int], number: Callable[[int], float]) -> int:
    """The number of accepted `ids`; `number(i)` is the uniform number for proposal i."""
    for place, token_id in enumerate(ids):
        if number(place) >= accept_chance(float(p[place][token_id]), float(q[place][token_id])):
            return place
    return len(ids)
