"""Records of what happens across layers: residual stream, logit lens, attribution, neurons.

Glossary:
    resid_pre, resid_mid, resid_post   the residual stream before a layer, after its attention, after its MLP
    attn_out, mlp_out                  what attention and MLP add to the stream
    lens                               final norm and unembedding applied to the stream of an earlier layer
    attribution                        a part's contribution to a logit, with the final norm's scale held fixed
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check, Token


@dataclass(frozen=True)
class WindowNote:
    """How the numbers were computed: the positions [start, stop) were forwarded again, in `seconds`."""

    start: int
    stop: int
    n_positions: int
    forwarded: int
    seconds: float


@dataclass(frozen=True, eq=False)
class ResidualStream:
    """One position through all layers. Norms are Euclidean lengths of vectors of d_model numbers.

    `missing` is the largest entry of |resid_pre + attn_out + mlp_out - resid_post|. `mid` is empty if attention and MLP
    read the same stream (parallel), and `mlp` is NaN for a layer without MLP. In a model without attention (Mamba),
    `attn` is its replacement. `vectors` are those of `layer`, named by `vectors_of`; 98 % of their entries are within
    ±`reach`.
    """

    position: int
    parallel: bool
    has_attention: bool
    factors: Float[np.ndarray, "layer 2"]
    pre: Float[np.ndarray, " layer"]
    attn: Float[np.ndarray, " layer"]
    mid: Float[np.ndarray, " a_layer"]
    mlp: Float[np.ndarray, " layer"]
    post: Float[np.ndarray, " layer"]
    missing: Float[np.ndarray, " layer"]
    layer: int
    vectors_of: tuple[str, ...]
    vectors: Float[np.ndarray, "part d_model"]
    reach: float
    note: WindowNote
    checks: tuple[Check, ...]


@dataclass(frozen=True, eq=False)
class LensTile:
    """The logit lens on rows [row_start, row_stop): row 0 is the embedding, row l + 1 the stream after layer l.

    `top_*` are the most likely tokens; `entropy` is in bits; `target` is the token that follows each position in this
    run (-1 if none does yet), with its probability and rank (1 for the most likely; NaN and 0 without a target).
    `tokens` describes every id that occurs. `checks` are present in the tiles with the first and the last row.
    """

    row_start: int
    row_stop: int
    n_rows: int
    top_ids: Int[np.ndarray, "row position k"]
    top_probability: Float[np.ndarray, "row position k"]
    entropy: Float[np.ndarray, "row position"]
    target: Int[np.ndarray, " position"]
    target_probability: Float[np.ndarray, "row position"]
    target_rank: Int[np.ndarray, "row position"]
    tokens: tuple[Token, ...]
    vocabulary: int
    note: WindowNote
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class LogitShare:
    """What one part of the network adds to the logit; `kind` is 'embedding', 'attention', 'head' or 'mlp'."""

    kind: str
    layer: int | None
    head: int | None
    share: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each part adds to the logit of `token`, or to the difference of that logit and the one of `against`.

    `logit` is the run's own, before any softcap; embedding + attention_total + mlp_total + constant = `total`.
    `heads` split `attention` where W_O could be split (NaN elsewhere); `beside_heads` is the part of attention that
    belongs to no head (biases). `without_heads` says why there are no heads. `constant` comes from the biases of the
    final norm and the unembedding. `largest` are the parts with the largest absolute contribution, by head where
    there are heads.
    """

    position: int
    token: Token
    against: Token | None
    logit: float
    total: float
    softcap: float | None
    embedding: float
    constant: float
    attention: Float[np.ndarray, " layer"]
    mlp: Float[np.ndarray, " layer"]
    attention_total: float
    mlp_total: float
    heads: Float[np.ndarray, "layer head"]
    beside_heads: Float[np.ndarray, " layer"]
    without_heads: str
    largest: tuple[LogitShare, ...]
    candidates: tuple[Token, ...]
    candidate_logits: Float[np.ndarray, " k"]
    note: WindowNote
    checks: tuple[Check, ...]


@dataclass(frozen=True, eq=False)
class Neuron:
    """One neuron of an MLP at a position. It writes `activation` times a vector whose length is `direction`.

    `gate` and `up` are its two inputs: `gate` is None in an MLP without a gate, both are None if the inputs were not
    recognised. `effect` is what it adds to the
    logit of the selected token. `promotes` and `suppresses` are the tokens whose logits it raises and lowers most,
    with the amounts in `promoted_by` and `suppressed_by`.
    """

    index: int
    activation: float
    gate: float | None
    up: float | None
    direction: float
    effect: float
    promotes: tuple[Token, ...]
    promoted_by: Float[np.ndarray, " k"]
    suppresses: tuple[Token, ...]
    suppressed_by: Float[np.ndarray, " k"]


@dataclass(frozen=True, eq=False)
class Neurons:
    """The neurons of a layer's MLP that write most at a position, ranked by |activation| x length of the direction.

    `share` is their share of that product summed over all neurons; `function` is the activation function as recognised
    from its values, or empty; `token` is the one that `effect` refers to.
    """

    layer: int
    position: int
    token: Token
    n_neurons: int
    n_active: int
    share: float
    function: str
    gated: bool
    neurons: tuple[Neuron, ...]
    note: WindowNote
    checks: tuple[Check, ...]
