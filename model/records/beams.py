"""Records of beam search."""

from dataclasses import dataclass

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
