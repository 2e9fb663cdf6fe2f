"""Records of the Embed stage: rows, neighbours in the vocabulary, and how position enters.

Words of this stage:
    row        a line of the embedding matrix, (d_embed,)
    cosine     dot product of two rows divided by their norms
    pair       two dimensions that RoPE rotates together
    angle      position x frequency, in radians
    distance   query position minus key position
    score      query . key x scaling, before the mask
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check, Token


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Rows of the embedding matrix for the positions [start, start + n) of `n_positions`.

    `low` and `high` are the extremes of these rows; 99 % of their values are within +-`typical`;
    `vocabulary_norm` is the mean norm of all rows.
    """

    start: int
    n_positions: int
    rows: Float[np.ndarray, "position d_embed"]
    norms: Float[np.ndarray, " position"]
    low: float
    high: float
    typical: float
    vocabulary_norm: float


@dataclass(frozen=True)
class BlockInput:
    """What the first block receives for a token: its row x `scale` (+ a position row), as measured.

    `widened`: a matrix makes the row as wide as the stream first.
    """

    scale: float
    widened: bool
    check: Check


@dataclass(frozen=True, eq=False)
class Similarity:
    """Cosine between the rows of the positions [start, start + n) of `n_positions`."""

    start: int
    n_positions: int
    cosine: Float[np.ndarray, "position position"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The vocabulary's tokens nearest to one token by cosine of their rows, nearest first, itself
    left out.
    """

    token: Token
    neighbours: tuple[Token, ...]
    cosine: Float[np.ndarray, " k"]
    vocabulary: int


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Principal components of some rows, centred on their mean.

    The first points are different tokens of the prompt, the rest their vocabulary neighbours:
    `links[i]` are the points nearest to prompt point i by cosine, nearest first. `explained` is
    each axis' share of the points' variance. `distance_error` is how far the map is off: the mean,
    over all pairs, of |distance in the map - distance of the rows| / distance of the rows.
    """

    tokens: tuple[Token, ...]
    positions: tuple[tuple[int, ...], ...]
    links: Int[np.ndarray, "prompt k"]
    n_prompt_all: int
    components: Float[np.ndarray, "point axis"]
    explained: Float[np.ndarray, " axis"]
    distance_error: float


@dataclass(frozen=True, eq=False)
class Rotation:
    """RoPE in one layer: pair i of a query or key at position p is turned by p x inv_freq[i]
    radians.

    `layout` 'halves' pairs dimension i with i + n_rotary/2, 'interleaved' pairs 2i with 2i + 1,
    counted from dimension `first`. `n_rotary` of `d_head` dimensions rotate. `factor` multiplies
    the rotated parts.
    """

    layer: int
    kind: str
    inv_freq: Float[np.ndarray, " pair"]
    layout: str
    first: int
    n_rotary: int
    d_head: int
    factor: float
    check: Check


@dataclass(frozen=True, eq=False)
class RotaryPositions:
    """Angles (radians, modulo 2 pi) of the positions [start, start + n), and each pair's
    wavelength in tokens.

    `worst_error` is that of the layers whose rotation was verified. `run_check` compares repeated
    tokens of this run in layer 0; None when no token repeats.
    """

    rotation: Rotation
    start: int
    n_positions: int
    angles: Float[np.ndarray, "position pair"]
    wavelengths: Float[np.ndarray, " pair"]
    n_layers_verified: int
    n_layers: int
    worst_error: float
    run_check: Check | None


@dataclass(frozen=True, eq=False)
class LearnedPositions:
    """A learned table of positions: the rows `positions`, taken every `step` of `n_rows`.

    Position p reads row p + `offset` of the table. `selected_row` is the row of the selected
    position.
    """

    positions: Int[np.ndarray, " n"]
    step: int
    n_rows: int
    offset: int
    norms: Float[np.ndarray, " n"]
    cosine: Float[np.ndarray, "n n"]
    selected: int
    selected_row: Float[np.ndarray, " d_model"]
    check: Check


@dataclass(frozen=True, eq=False)
class Positions:
    """How this model knows the order of its tokens: 'rope', 'learned' or 'other', and why that
    was found.
    """

    kind: str
    reason: str
    block_input: BlockInput
    rotary: RotaryPositions | None = None
    learned: LearnedPositions | None = None


@dataclass(frozen=True, eq=False)
class DotProduct:
    """One query and one key of a head as a function of the distance between them.

    `scores[d]` is what the score would be with the key d positions before the query; `score` is
    the model's own at `distance`. `contributions` are the parts of each pair at that distance,
    `unrotated` the part of the dimensions that do not rotate.
    """

    layer: int
    head: int
    kv_head: int
    query: int
    key: int
    distance: int
    scaling: float
    score: float
    scores: Float[np.ndarray, " distance"]
    contributions: Float[np.ndarray, " pair"]
    unrotated: float
    check: Check
