"""Records of one head at one query, step by step; each step can be recomputed from those before it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check


@dataclass(frozen=True, eq=False)
class PairScore:
    """From a query and a key (after RoPE) to their score: products, sum, x scaling, softcap, + bias.

    `capped` equals `scaled` if the model has no softcap; `bias` is what a mask or ALiBi adds. `hidden` is the reason
    why the query cannot see the key: 'later', 'window', 'mask', or '' if it can.
    """

    query_vector: Float[np.ndarray, " d_head"]
    key_vector: Float[np.ndarray, " d_head"]
    products: Float[np.ndarray, " d_head"]
    dot: float
    scaling: float
    scaled: float
    softcap: float | None
    capped: float
    bias: float
    score: float
    hidden: str


@dataclass(frozen=True, eq=False)
class SoftmaxRow:
    """The query's softmax over keys [first_key, query]: weight = exp(score - largest) / denominator.

    `sink` is the extra score per row in families with attention sinks, `sink_weight` its share.
    `top_*` are the keys with the largest weights, in order; `rest` is the total weight of all other keys.
    """

    first_key: int
    n_visible: int
    largest: float
    exponential: float
    denominator: float
    weight: float
    sink: float | None
    sink_weight: float
    top_positions: Int[np.ndarray, " k"]
    top_scores: Float[np.ndarray, " k"]
    top_weights: Float[np.ndarray, " k"]
    rest: float


@dataclass(frozen=True, eq=False)
class ValueMix:
    """The value of the chosen key, that value times its weight, and the head's output z: the sum over all keys."""

    value_vector: Float[np.ndarray, " d_v"]
    weighted: Float[np.ndarray, " d_v"]
    z: Float[np.ndarray, " d_v"]


@dataclass(frozen=True, eq=False)
class HeadPart:
    """What the head adds to W_O's output, compared with the other heads of the layer: `part` = `entry` W_O[head].

    `entry` is the head's slice of what enters W_O: z itself or, where `changed`, z after a gate or a norm of the model.
    `w_o_out` is W_O's output, the sum of all parts and the bias. It is not always the `attn_out` of
    `model.records.layers`, which is what the stream receives: a norm or a factor of the block may come in between.
    `norms[h]` is the length of head h's part. `shares[h]` is its share of W_O's output,
    part . w_o_out / |w_o_out|^2; the shares of all heads and of the bias add up to 1.
    """

    entry: Float[np.ndarray, " d_v"]
    changed: bool
    part: Float[np.ndarray, " d_model"]
    w_o_out: Float[np.ndarray, " d_model"]
    norms: Float[np.ndarray, " head"]
    shares: Float[np.ndarray, " head"]
    w_o_out_norm: float
    bias_share: float


@dataclass(frozen=True, eq=False)
class OneHead:
    """One head at one query position, for one chosen key. Heads of one group share a `kv_head`.

    `output` is None if the head has no part that could be shown; `no_output` says why.
    """

    layer: int
    head: int
    kv_head: int
    n_heads: int
    n_kv_heads: int
    query: int
    key: int
    pair: PairScore
    softmax: SoftmaxRow
    mix: ValueMix
    output: HeadPart | None
    no_output: str


@dataclass(frozen=True)
class HeadChecks:
    """The steps of one head compared with a second pass of the model over that position.

    `steps[i]` names the step that `checks[i]` belongs to: 'pair', 'softmax', 'mix' or 'output'.
    """

    steps: tuple[str, ...]
    checks: tuple[Check, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class AttentionWindow:
    """Exact weights of all heads of some layers; queries and keys are the positions [start, stop)."""

    layers: tuple[int, ...]
    start: int
    stop: int
    pattern: Float[np.ndarray, "layer head query key"]


@dataclass(frozen=True, eq=False)
class HeadVectors:
    """One head's queries and keys (after RoPE), and its weights, over the positions [start, stop)."""

    layer: int
    head: int
    start: int
    stop: int
    scaling: float
    query: Float[np.ndarray, "position d_head"]
    key: Float[np.ndarray, "position d_head"]
    pattern: Float[np.ndarray, "query key"]
