"""Records of the prefill stage: attention maps, thumbnails, attention of one position, the KV cache."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from model.records.run import Check


@dataclass(frozen=True, eq=False)
class AttentionTile:
    """A rectangle of one head's pattern: queries [query_start, query_stop) by keys [key_start, key_stop).

    Each cell stands for `block` x `block` weights, reduced by `rule` ('max' or 'mean'); block 1 is exact.
    `first_seen[row]` is the first key that a query of the row can see; a sliding window makes it larger than 0.
    """

    layer: int
    head: int
    query_start: int
    query_stop: int
    key_start: int
    key_stop: int
    block: int
    rule: str
    pattern: Float[np.ndarray, "query key"]
    first_seen: Int[np.ndarray, " query"]


@dataclass(frozen=True, eq=False)
class AttentionOverview:
    """A thumbnail of every head of the layers [layer_start, layer_stop), over the first `n_positions`.

    Each cell is the `rule` ('max' or 'mean') of `block` x `block` weights; 255 stands for a weight of 1.
    """

    layer_start: int
    layer_stop: int
    block: int
    rule: str
    n_positions: int
    thumbnails: UInt8[np.ndarray, "layer head query key"]


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Scores of each head of the layers [layer_start, layer_stop), over the first `n_positions`.

    With a[i, k] the weight of query i on key k, means over i = 1 ... n_positions - 1: `previous` a[i, i-1]; `first`
    a[i, 0]; `own` a[i, i]; `entropy` -sum_k a log2 a, in bits; `distance` sum_k a (i - k), in tokens. `induction` is
    the sum of a[i, j+1] over earlier j with token j = token i and j + 1 < i, averaged over the `n_repeats` positions i
    that have such a j (Olsson et al. 2022). NaN where there is nothing to average, or no head.

    `checks` are of one head.
    """

    layer_start: int
    layer_stop: int
    n_positions: int
    n_repeats: int
    previous: Float[np.ndarray, "layer head"]
    first: Float[np.ndarray, "layer head"]
    own: Float[np.ndarray, "layer head"]
    induction: Float[np.ndarray, "layer head"]
    entropy: Float[np.ndarray, "layer head"]
    distance: Float[np.ndarray, "layer head"]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, eq=False)
class TopWeights:
    """The largest weights, in order, with their positions; `total` is the sum over all positions."""

    positions: Int[np.ndarray, " k"]
    weights: Float[np.ndarray, " k"]
    total: float


@dataclass(frozen=True, eq=False)
class PositionAttention:
    """One head at one position: the keys it attends to, and the queries that attend to it, over `n_positions`.

    `row[key]` is the weight of this position's query on a key; `column[query]` is the weight of a query on this key.
    """

    layer: int
    head: int
    position: int
    n_positions: int
    row: Float[np.ndarray, " key"]
    column: Float[np.ndarray, " query"]
    attends_to: TopWeights
    attended_by: TopWeights


@dataclass(frozen=True)
class RunChecks:
    """The self-checks of one head on this run; `skipped` lists what was not checked, and why."""

    layer: int
    head: int
    checks: tuple[Check, ...]
    skipped: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class LayerCache:
    """One layer of the KV cache. Shapes are (batch, n_kv_heads, position, d_head)."""

    layer: int
    key_shape: tuple[int, ...]
    value_shape: tuple[int, ...]
    dtype: str
    bytes: int
    window: int | None


@dataclass(frozen=True)
class KVCacheRecord:
    """The KV cache of a run, layer by layer, read from the cache's own tensors.

    `bytes_per_token` is what one more token adds (a layer whose window is full adds 0);
    `bytes_without_sharing` is the size if each query head had its own key and value head.
    """

    layers: tuple[LayerCache, ...]
    bytes: int
    bytes_per_token: int
    bytes_without_sharing: int
    n_positions: int
    n_heads: int
    n_kv_heads: int
    checks: tuple[Check, ...] = ()
