"""The attention of one query in a layer, for all heads, step by step in float64: scores, mask, weights, z."""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.capture.capture import LayerCapture, QueryChunk
from model.capture.chunk_rows import by_group, chunk_rows, softcapped, weights_of
from model.runtime.to_numpy import to_double


@dataclass(frozen=True, eq=False)
class AttentionRow:
    """One query's attention: (n_heads, key) over the keys from position 0 to its own.

    `query` is (n_heads, d_head), `key` (n_kv_heads, key, d_head) and `z` (n_heads, d_value). `score` includes `bias`,
    and is -inf where `allowed` is false. `sink` (n_heads,) is None in most families.
    """

    query: Tensor
    key: Tensor
    bias: Tensor
    allowed: Tensor
    score: Tensor
    sink: Tensor | None
    weight: Tensor
    z: Tensor

    @property
    def group(self) -> int:
        """The number of query heads that share a key and value head."""
        return self.query.shape[0] // self.key.shape[0]


@torch.inference_mode()
def attention_row(layer: LayerCapture, chunk: QueryChunk, position: int) -> AttentionRow:
    """The row of the query at `position`, which is in `chunk`."""
    place = position - chunk.start
    rows = chunk_rows(chunk, place, place + 1, first_key=0).double()
    key, value = to_double(layer.key[:, : rows.stop]), to_double(layer.value[:, : rows.stop])
    capped = softcapped(by_group(rows.query, key.transpose(1, 2)) * rows.scaling, rows.softcap)
    bias = torch.zeros_like(capped) if rows.bias is None else rows.bias.expand_as(capped)
    score = (capped + bias).masked_fill(rows.hidden, -torch.inf)
    weight = weights_of(score, rows.sink)
    return AttentionRow(
        query=rows.query[:, 0],
        key=key,
        bias=bias[:, 0],
        allowed=~rows.hidden.expand_as(score)[:, 0],
        score=score[:, 0],
        sink=None if rows.sink is None else rows.sink.reshape(-1),
        weight=weight[:, 0],
        z=by_group(weight, value)[:, 0],
    )
