"""Records of the Embed stage: embedding rows, neighbours in the vocabulary, and position encoding.

Glossary:
    row        a row of the embedding matrix, (d_embed,)
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

    `low` and `high` are the smallest and largest value in these rows; 99 % of the values are within ±`typical`.
    `vocabulary_norm` is the mean norm over the vocabulary.
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
    """What the first block receives for a token, as measured: its row x `scale` (+ a position row).

    `widened`: a matrix first projects the row from d_embed to d_model.
    """

    scale: float
    widened: bool
    check: Check


@dataclass(frozen=True, eq=False)
class Similarity:
    """Cosine similarity of the rows of the positions [start, start + n) of `n_positions`."""

    start: int
    n_positions: int
    cosine: Float[np.ndarray, "position position"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The tokens nearest to one token by cosine similarity of their rows, nearest first, without the token itself."""

    token: Token
    neighbours: tuple[Token, ...]
    cosine: Float[np.ndarray, " k"]
    vocabulary: int


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Principal components of some rows, centred on their mean.

    The first points are the distinct tokens of the prompt, the rest their neighbours in the vocabulary:
    `links[i]` are the points nearest to prompt point i by cosine, nearest first. `explained` is each axis's share of
    the points' variance. `distance_error` is the mean relative error of the distances in the map: over all pairs,
    |distance in the map - distance of the rows| / distance of the rows.
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
    """RoPE in one layer (Su et al. 2021): pair i of a query or key at position p is rotated by p x inv_freq[i] radians.

    `layout` 'halves' pairs dimension i with i + n_rotary/2, 'interleaved' pairs 2i with 2i + 1, counted from
    dimension `first`. `n_rotary` of the `d_head` dimensions are rotated; `factor` multiplies those.
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
    """Angles (radians, modulo 2 pi) of the positions [start, start + n), and each pair's wavelength in tokens.

    `worst_error` is the largest error among the layers whose rotation was verified. `run_check` compares repeated
    tokens of this run in layer 0; None if no token repeats.
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
    """A learned table of positions: a sample of its `n_rows` rows, one every `step`, for `positions`.

    Position p uses row p + `offset` of the table. `selected_row` is the row of the selected position.
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
    """How this model encodes the order of its tokens: 'rope', 'learned' or 'other', and the reason for that finding."""

    kind: str
    reason: str
    block_input: BlockInput
    rotary: RotaryPositions | None = None
    learned: LearnedPositions | None = None


@dataclass(frozen=True, eq=False)
class DotProduct:
    """The score of one query and one key of a head, as a function of the distance between them.

    `scores[d]` is the score with the key d positions before the query; `score` is the model's own, at `distance`.
    `contributions` are the parts of that score by pair, `unrotated` the part from dimensions that are not rotated.
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
