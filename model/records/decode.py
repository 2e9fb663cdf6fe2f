"""Records of decoding: beam search, the distribution of a step, the prompt's surprisal."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check, Token
from model.request.recipe import Recipe


@dataclass(frozen=True)
class Beam:
    """One continuation; `recipe` forces a run to it. Beams are ranked by `score`, the mean log-probability.

    `surprisal` of each token is in bits, from a separate pass over prompt and beam. `ended`: its last token is EOS.
    """

    recipe: Recipe
    tokens: tuple[Token, ...]
    surprisal: tuple[float, ...]
    text: str
    ended: bool
    score: float


@dataclass(frozen=True)
class Beams:
    """The beams of one search, best first, and its duration. `check` compares their scores with the surprisal."""

    beams: tuple[Beam, ...]
    seconds: float
    check: Check


@dataclass(frozen=True, eq=False)
class Distribution:
    """The `k` most likely tokens of one step after the sampling settings; `probability` sums to at most 1.

    `logits` are the model's own.
    """

    token_ids: Int[np.ndarray, " k"]
    texts: tuple[str, ...]
    logits: Float[np.ndarray, " k"]
    probability: Float[np.ndarray, " k"]


@dataclass(frozen=True, eq=False)
class PromptSurprisal:
    """The surprisal -log2 p of each prompt token given those before it, in bits; NaN for the first token.

    `perplexity` is 2 to the mean surprisal (Jelinek et al. 1977), NaN for a prompt of one token. `bits_per_byte` is
    the summed surprisal per UTF-8 byte of those tokens, which makes models with different tokenizers comparable; it is
    NaN if any tokens of the prompt are unknown ones (`n_unknown`), whose bytes are lost. `check` is of one token; None
    for a prompt of one.
    """

    bits: Float[np.ndarray, " position"]
    perplexity: float
    bits_per_byte: float
    n_unknown: int
    check: Check | None = None
