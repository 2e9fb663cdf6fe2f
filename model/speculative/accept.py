"""The acceptance rule of speculative decoding: which proposals are accepted, and what replaces the first rejected one.

Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", algorithm 1; Chen et al. 2023.
Greedy decoding is the same rule on distributions with all their weight on one token.
"""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float64
from torch import Tensor

from model.decode.sampling import processors
from model.request.recipe import SamplingSettings

Distribution = Float64[Tensor, "vocab"]


def distribution(logits: Tensor, ids: list[int], settings: SamplingSettings, n_prompt: int) -> Distribution:
    """What the token after `ids` is drawn from, float64 (vocab,): softmax of the processed logits, or one token."""
    scores, before = logits.float()[None], torch.tensor([ids])
    for _, _, processor in processors(settings, n_prompt):
        scores = processor(cast(torch.LongTensor, before), cast(torch.FloatTensor, scores))
    if settings.do_sample:
        return scores[0].double().softmax(-1)
    return one_token(int(scores.argmax()), len(logits))


def one_token(token_id: int, n_vocab: int) -> Distribution:
    """The distribution with all weight on one token."""
    weights = torch.zeros(n_vocab, dtype=torch.float64)
    weights[token_id] = 1.0
    return weights


def draw(weights: Distribution, number: float) -> int:
    """The token whose interval of the cumulative sum, in order of ids, holds `number` in [0, 1)."""
    place = int(torch.searchsorted(weights.cumsum(-1), number, right=True))
    # Rounding may leave the sum just under 1: the last token with a share takes the gap.
    return place if place < len(weights) else int(weights.nonzero()[-1])


def accept_chance(p: float, q: float) -> float:
    """min(1, p/q): the probability that a token drawn with probability `q` is accepted if the target gives it `p`."""
    return min(1.0, p / q)


def residual(p: Distribution, q: Distribution) -> Distribution:
    """norm(max(p - q, 0)): the distribution to draw from after a rejection."""
    excess = (p - q).clamp(min=0.0)
    total = excess.sum()
    # If p and q are equal up to rounding, nothing is left, and p itself is right.
    return excess / total if total > 0 else p


def rule_error(p: Distribution, q: Distribution) -> float:
    """The largest difference between `p` and what the rule produces: min(p, q) + P(rejected) · residual.

    For any `q` it is only rounding (Leviathan et al. 2023, appendix A.1).
    """
    accepted = torch.minimum(p, q)
    return float((accepted + (1.0 - accepted.sum()) * residual(p, q) - p).abs().max())


def judge(p: list[Distribution], q: list[Distribution], ids: list[int], number: Callable[[int], float]) -> int:
    """The number of accepted `ids`; `number(i)` is the uniform number for proposal i."""
    for place, token_id in enumerate(ids):
        if number(place) >= accept_chance(float(p[place][token_id]), float(q[place][token_id])):
            return place
    return len(ids)
