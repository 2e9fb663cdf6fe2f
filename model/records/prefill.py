"""Records of the prefill stage: maps, thumbnails, one position's attention, the KV cache."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from model.records.run import Check


@dataclass(frozen=True, eq=False)
class AttentionTile:
    """A rectangle of one head's pattern: queries [query_start, query_stop) by keys [key_start, key_stop).

    Each cell stands for `block` x `block` weights, reduced by `rule` ('max' or 'mean'); block 1 is exact.
    `first_seen[row]` is the first key that a query of the row can see: above 0 where a sliding window ends.
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
    """A thumbnail of every head of layers [layer_start, layer_stop), over the first `n_positions`.

    Each cell is the `rule` of a block of `block` x `block` weights, 255 for a weight of 1.
    """

    layer_start: int
    layer_stop: int
    block: int
    rule: str
    n_positions: int
    thumbnails: UInt8[np.ndarray, "layer head query key"]


@dataclass(frozen=True, eq=False)
class HeadScores:
    """What each head of layers [layer_start, layer_stop) does, over the first `n_positions`: i is a query, k a key.

    Means over i = 1 ... n_positions - 1 of the weights a[i, k]: `previous` a[i, i-1]; `first` a[i, 0]; `own`
    a[i, i]; `entropy` -sum_k a log2 a, in bits; `distance` sum_k a (i - k), in tokens. `induction` is the sum of
    a[i, j+1] over earlier j with token j = token i and j + 1 < i, a mean over the `n_repeats` positions i that have
    such a j. NaN where there is nothing to average, or no head.
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


@dataclass(frozen=True, eq=False)
class Weights:
    """The largest weights, in order, with their positions; `total` is the sum over all positions."""

    positions: Int[np.ndarray, " k"]
    weights: Float[np.ndarray, " k"]
    total: float


@dataclass(frozen=True, eq=False)
class PositionAttention:
    """One head at one position: what it attends to, and who attends to it, over `n_positions`.

    `row[key]` is the weight of this position's query on a key; `column[query]` that of a query on this key.
    """

    layer: int
    head: int
    position: int
    n_positions: int
    row: Float[np.ndarray, " key"]
    column: Float[np.ndarray, " query"]
    attends_to: Weights
    attended_by: Weights


@dataclass(frozen=True)
class RunChecks:
    """The self-checks of one head on this run; `skipped` says in words what was not checked, and why."""

    layer: int
    head: int
    checks: tuple[Check, ...]
    skipped: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class LayerCache:
    """What one layer keeps in the KV cache. Shapes are (batch, n_kv_heads, position, d_head)."""

    layer: int
    key_shape: tuple[int, ...]
    value_shape: tuple[int, ...]
    dtype: str
    bytes: int
    window: int | None


@dataclass(frozen=True)
class KVCacheRecord:
    """The KV cache of a run: what each layer holds, read from the cache's own tensors.

    `bytes_per_token` is what one more token adds (0 for a layer whose window is full);
    `bytes_without_sharing` is the size with one key and value head per query head.
    """

    layers: tuple[LayerCache, ...]
    bytes: int
    bytes_per_token: int
    bytes_without_sharing: int
    n_positions: int
    n_heads: int
    n_kv_heads: int
