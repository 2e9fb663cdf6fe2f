"""Records of what happens across layers: residual stream, logit lens, attribution, neurons.

Glossary, in the words of the field:
    resid_pre, resid_mid, resid_post   the residual stream before a layer, after its attention, after its MLP
    attn_out, mlp_out                  what attention and MLP add to it
    lens                               final norm and unembedding laid on the stream of an earlier layer
    attribution                        a part's share of a logit, with the final norm's scale held
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check, Token


@dataclass(frozen=True)
class WindowNote:
    """Where the numbers come from: positions [start, stop) were forwarded again. Times in seconds."""

    start: int
    stop: int
    n_positions: int
    forwarded: int
    seconds: float


@dataclass(frozen=True, eq=False)
class ResidualStream:
    """One position through all layers. Norms are Euclidean lengths of vectors of d_model numbers.

    `missing` is the largest entry of |resid_pre + attn_out + mlp_out - resid_post|. `mid` is empty where attention
    and MLP read the same stream (parallel), and `mlp` NaN where a layer has no MLP. Without attention (mamba) `attn`
    is what the model has in its place. The vectors, in the order
    of `vectors_of`, are those of `layer`; 98 % of their entries are within `reach`.
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
    """The lens on rows [row_start, row_stop): row 0 is the embedding, row l + 1 the stream after layer l.

    `top_*` are the likeliest tokens; `entropy` in bits; `target` is the token that follows each position in this
    run (-1 where none does yet), with its probability and rank (1 for the likeliest; NaN and 0 without a target).
    `tokens` describes every id that occurs. `checks` come with the first and the last rows.
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
class Share:
    """One part of the network and what it adds to the logit: 'embedding', 'attention', 'head' or 'mlp'."""

    kind: str
    layer: int | None
    head: int | None
    share: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each part adds to the logit of `token`, less that of `against` if there is one.

    `logit` is the run's own, before a softcap; embedding + attention_total + mlp_total + constant = `total`.
    `heads` split `attention` where W_O could be split (NaN elsewhere), `beside_heads` is what is no head's (biases).
    `without_heads` says why there are no heads. `constant` is the final norm's and the unembedding's bias.
    `largest` are the parts that add or take most, heads in place of attention where there are heads.
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
    largest: tuple[Share, ...]
    candidates: tuple[Token, ...]
    candidate_logits: Float[np.ndarray, " k"]
    note: WindowNote
    checks: tuple[Check, ...]


@dataclass(frozen=True, eq=False)
class Neuron:
    """One neuron of an MLP at a position. `activation` times a direction of length `direction` is what it writes.

    `gate` and `up` are its two inputs (None where the MLP has one, then `up` is it). `effect` is what it adds to
    the logit of the token in question. `promotes` and `suppresses`: the tokens whose logits it moves most, by how much.
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
    """The neurons of a layer's MLP that write most at a position, by |activation| x length of the direction.

    `share` is their part of all neurons' |activation| x length; `function` the activation function that was
    recognised by numbers, or empty; `token` the one that `effect` speaks of.
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
