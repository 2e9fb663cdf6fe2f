"""Computes the attention weights of any rows of a layer from its captured queries and keys.

softmax(query . key^T * scaling + mask) of Vaswani et al. 2017, with softcap and sinks in the families that have them.
Only the keys that a row can see are read.
"""

from itertools import groupby

import torch
from torch import Tensor

from model.network.capture import LayerCapture, QueryChunk


@torch.inference_mode()
def pattern_rows(layer: LayerCapture, start: int, stop: int, n_keys: int, head: int | None = None) -> Tensor:
    """The weights of queries [start, stop) on keys [0, n_keys): float32 (n_heads or 1, stop - start, n_keys).

    Rows sum to 1, or to less with attention sinks (gpt_oss), whose share is not returned.
    """
    if layer.pattern is not None:
        return _of_head(layer.pattern, head)[:, start:stop, :n_keys].clone()
    n_heads = layer.n_heads if head is None else 1
    rows = torch.zeros(n_heads, stop - start, n_keys)
    for chunk in _merged(tuple(layer.chunks)):
        low, high = max(start, chunk.start), min(stop, chunk.stop)
        if low < high:
            first, weights = _weights(layer, chunk, low - chunk.start, high - chunk.start, head)
            seen = min(first + weights.shape[-1], n_keys)
            rows[:, low - start : high - start, first:seen] = weights[..., : max(0, seen - first)].cpu()
    return rows


def scores_rows(layer: LayerCapture, chunk: QueryChunk, low: int, high: int, head: int | None = None):
    """Returns (first key, scores): the masked scores of a chunk's rows [low, high) before the softmax, float32.

    The keys of the scores (n_heads or 1, high - low, keys) are the positions from `first key` to that of the last row.
    """
    first = int(chunk.first[low:high].min())
    stop = chunk.start + high
    key = layer.key[:, first:stop].float()
    query = chunk.query[:, low:high].float()
    group = query.shape[0] // key.shape[0]
    if head is None:
        # The heads of a group share their keys, so one product computes all their rows.
        scores = query.reshape(key.shape[0], -1, query.shape[-1]) @ key.transpose(1, 2)
        scores = scores.reshape(*query.shape[:2], -1) * chunk.scaling
    else:
        scores = (query[head] @ key[head // group].T)[None] * chunk.scaling
    if (softcap := chunk.extras.get("softcap")) is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if (bias := chunk.extras.get("position_bias")) is not None:
        scores = scores + _of_head(bias[0], head)[:, low:high, : scores.shape[-1]]
    return first, _masked(scores, chunk, low, high, first, head)


def _weights(layer: LayerCapture, chunk: QueryChunk, low: int, high: int, head: int | None):
    first, scores = scores_rows(layer, chunk, low, high, head)
    sinks = chunk.extras.get("s_aux", chunk.extras.get("sinks"))
    if sinks is None:
        return first, scores.softmax(-1)
    # One per head, or in some families one per head and query: (1, n_heads, query, 1).
    sinks = sinks[0, :, low:high].float() if sinks.ndim == 4 else sinks.float().reshape(-1, 1, 1)
    sinks = _of_head(sinks, head)
    with_sink = torch.cat([scores, sinks.expand(*scores.shape[:2], 1)], -1)
    return first, with_sink.softmax(-1)[..., :-1]


def _masked(scores: Tensor, chunk: QueryChunk, low: int, high: int, first: int, head: int | None) -> Tensor:
    if chunk.mask is None:
        keys = torch.arange(first, first + scores.shape[-1])
        own = torch.arange(chunk.start + low, chunk.start + high)
        hidden = (keys > own[:, None]) | (keys < chunk.first[low:high, None])
        return scores.masked_fill_(hidden.to(scores.device), -torch.inf)
    mask = _of_head(chunk.mask, head)[:, low:high, : scores.shape[-1]]
    return scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask


def _of_head(tensor: Tensor, head: int | None) -> Tensor:
    """Selects one head of a tensor (n_heads or 1, ...) as (1, ...); all heads for None."""
    if head is None or tensor.shape[0] == 1:
        return tensor
    return tensor[head : head + 1]


def _merged(chunks: tuple[QueryChunk, ...]) -> list[QueryChunk]:
    """The same queries in as few chunks as possible: decoding adds one per step, which is slow to read."""
    merged = []
    for (plain, _), group in groupby(chunks, key=lambda chunk: (chunk.is_plain, chunk.scaling)):
        parts = list(group)
        if not plain or len(parts) == 1:
            merged += parts
            continue
        query = torch.cat([part.query for part in parts], dim=1)
        first = torch.cat([part.first for part in parts])
        merged.append(QueryChunk(parts[0].start, query, first, None, parts[0].scaling, parts[0].extras))
    return merged
