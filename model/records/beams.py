"""Records of beam search."""

from dataclasses import dataclass

from model.records.run import Check, Token
from model.request.recipe import Recipe


@dataclass(frozen=True)
class Beam:
    """One continuation; the run of `recipe` is forced to it. Beams compete by `score`, the mean log-probability.

    `surprisal` of each token is in bits, by a pass of its own over prompt and beam. `ended`: its last token is EOS.
    """

    recipe: Recipe
    tokens: tuple[Token, ...]
    surprisal: tuple[float, ...]
    text: str
    ended: bool
    score: float


@dataclass(frozen=True)
class Beams:
    """The beams of one search, best first, and what it took. `check` holds their scores against the surprisal."""

    beams: tuple[Beam, ...]
    seconds: float
    check: Check
