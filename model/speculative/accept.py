"""The accept rule of speculative decoding: which proposals stay, and what takes the place of the first that does not.

Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", algorithm 1; Chen et al. 2023.
Greedy decoding is the same rule on distributions that put all their weight on one token.
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
    """All weight on one token."""
    chosen = torch.zeros(n_vocab, dtype=torch.float64)
    chosen[token_id] = 1.0
    return chosen


def draw(weights: Distribution, number: float) -> int:
    """The token whose interval of the cumulative sum, in order of ids, holds `number` in [0, 1)."""
    place = int(torch.searchsorted(weights.cumsum(-1), number, right=True))
    # Rounding may leave the sum just under 1: the last token with a share takes the gap.
    return place if place < len(weights) else int(weights.nonzero()[-1])


def accept_chance(p: float, q: float) -> float:
    """min(1, p/q): the chance that a token drawn with probability `q` stays, where the target gives it `p`."""
    return min(1.0, p / q)


def residual(p: Distribution, q: Distribution) -> Distribution:
    """norm(max(p - q, 0)): what is left to draw from after a rejection."""
    left = (p - q).clamp(min=0.0)
    total = left.sum()
    # p and q alike but for rounding: nothing is left over, and p itself is right.
    return left / total if total > 0 else p


def rule_error(p: Distribution, q: Distribution) -> float:
    """The largest difference between `p` and what proposal and rule give together: min(p, q) + P(rejected) · residual.

    It is rounding alone, for any `q` (Leviathan et al. 2023, appendix A.1).
    """
    stays = torch.minimum(p, q)
    return float((stays + (1.0 - stays.sum()) * residual(p, q) - p).abs().max())


def judge(p: list[Distribution], q: list[Distribution], ids: list[int], number: Callable[[int], float]) -> int:
    """How many of the proposed `ids` are accepted; `number(i)` is the uniform number of proposal i."""
    for place, token_id in enumerate(ids):
        if number(place) >= accept_chance(float(p[place][token_id]), float(q[place][token_id])):
            return place
    return len(ids)
