"""Computes the attention weights of any rows of a layer from its captured queries and keys.

Only the keys that a row can see are read.
"""

from itertools import groupby

import torch
from torch import Tensor

from model.capture.capture import LayerCapture, QueryChunk
from model.capture.chunk_rows import by_group, chunk_rows, of_head, softcapped, weights_of


@torch.inference_mode()
def pattern_rows(layer: LayerCapture, start: int, stop: int, n_keys: int, head: int | None = None) -> Tensor:
    """The weights of queries [start, stop) on keys [0, n_keys): float32 (n_heads or 1, stop - start, n_keys).

    Rows sum to 1, or to less with attention sinks (gpt_oss), whose share is not returned.
    """
    if layer.pattern is not None:
        return of_head(layer.pattern, head)[:, start:stop, :n_keys].clone()
    n_heads = layer.n_heads if head is None else 1
    pattern = torch.zeros(n_heads, stop - start, n_keys)
    for chunk in _merge(tuple(layer.chunks)):
        low, high = max(start, chunk.start), min(stop, chunk.stop)
        if low < high:
            of_chunk, scores = scores_rows(layer, chunk, low - chunk.start, high - chunk.start, head)
            first, last = of_chunk.first_key, min(of_chunk.stop, n_keys)
            weights = weights_of(scores, of_chunk.sink)[..., : max(0, last - first)]
            pattern[:, low - start : high - start, first:last] = weights.cpu()
    return pattern


def scores_rows(layer: LayerCapture, chunk: QueryChunk, low: int, high: int, head: int | None = None):
    """Returns (rows, scores): the masked scores of a chunk's rows [low, high) before the softmax, float32.

    The keys of the scores (n_heads or 1, high - low, keys) are the positions [rows.first_key, rows.stop).
    """
    rows = chunk_rows(chunk, low, high, head)
    key = layer.key[:, rows.first_key : rows.stop].float()
    if head is not None:
        kv_head = head // (chunk.query.shape[0] // key.shape[0])
        key = key[kv_head : kv_head + 1]
    scores = softcapped(by_group(rows.query.float(), key.transpose(1, 2)) * rows.scaling, rows.softcap)
    if rows.bias is not None:
        scores = scores + rows.bias
    return rows, scores.masked_fill_(rows.hidden, -torch.inf)


def _merge(chunks: tuple[QueryChunk, ...]) -> list[QueryChunk]:
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
