"""Draws a token: a number that depends on seed and position alone, placed on the cumulative sum of a distribution."""

import hashlib

import torch
from jaxtyping import Float64
from torch import Tensor

Probabilities = Float64[Tensor, "vocab"]


def uniform(seed: int, position: int, stream: str = "") -> float:
    """The uniform number in [0, 1) for a position: a pure function, so that a step can be repeated anywhere.

    Numbers of different streams are independent.
    """
    digest = hashlib.blake2b(f"{seed}:{position}{stream}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


def one_token(token_id: int, n_vocab: int) -> Probabilities:
    """The distribution with all weight on one token."""
    weights = torch.zeros(n_vocab, dtype=torch.float64)
    weights[token_id] = 1.0
    return weights


def draw(weights: Probabilities, number: float) -> tuple[int, float]:
    """The token whose interval of the cumulative sum contains `number` in [0, 1), and the end of that interval."""
    order, upto = by_likelihood(weights)
    # Rounding may leave the sum just below 1: then the last token with a share is selected.
    place = min(int(torch.searchsorted(upto, number, right=True)), len(order) - 1)
    return int(order[place]), float(upto[place])


def end_of_interval(weights: Probabilities, token_id: int) -> float:
    """The probability of a token and of all more likely ones; that of all tokens if its own is 0."""
    order, upto = by_likelihood(weights)
    place = (order == token_id).nonzero()
    return float(upto[place if len(place) else -1])


def by_likelihood(weights: Probabilities) -> tuple[Tensor, Tensor]:
    """The ids of the tokens with a share, most likely first and ties by id, and the cumulative sum of their shares."""
    kept = weights.nonzero()[:, 0]
    order = kept[weights[kept].argsort(descending=True, stable=True)]
    return order, weights[order].cumsum(-1)
