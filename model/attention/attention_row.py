"""One query's attention in a layer, all heads, step by step in float64: dots, scores, mask, weights, z."""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.network.capture import LayerCapture, QueryChunk


@dataclass(frozen=True, eq=False)
class AttentionRow:
    """Of one query: (n_heads, key) over the keys from position 0 to its own; `z` is (n_heads, d_v).

    `score` = capped + bias, and -inf where `allowed` is false. `sink` (n_heads,) is None in most families.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    dot: Tensor
    scaled: Tensor
    capped: Tensor
    bias: Tensor
    allowed: Tensor
    score: Tensor
    sink: Tensor | None
    weight: Tensor
    z: Tensor

    @property
    def group(self) -> int:
        """How many query heads share a key and value head."""
        return self.query.shape[0] // self.key.shape[0]


@torch.inference_mode()
def attention_row(layer: LayerCapture, chunk: QueryChunk, position: int) -> AttentionRow:
    """The row of the query at `position`, which `chunk` holds."""
    row = position - chunk.start
    query = _double(chunk.query[:, row])
    key, value = _double(layer.key[:, : position + 1]), _double(layer.value[:, : position + 1])
    n_heads, n_kv_heads = query.shape[0], key.shape[0]
    # Consecutive query heads share a key and value head.
    dot = (query.view(n_kv_heads, -1, query.shape[-1]) @ key.transpose(1, 2)).reshape(n_heads, -1)
    scaled = dot * chunk.scaling
    softcap = chunk.extras.get("softcap")
    capped = scaled if softcap is None else torch.tanh(scaled / softcap) * softcap
    bias, allowed = _bias_and_mask(chunk, row, position, n_heads)
    score = (capped + bias).masked_fill(~allowed, -torch.inf)
    sink = chunk.extras.get("s_aux", chunk.extras.get("sinks"))
    if sink is None:
        weight = score.softmax(-1)
    else:
        sink = _double(sink[0, :, row] if sink.ndim == 4 else sink).reshape(-1)
        weight = torch.cat([score, sink[:, None]], -1).softmax(-1)[:, :-1]
    z = (weight.view(n_kv_heads, -1, weight.shape[-1]) @ value).reshape(n_heads, -1)
    return AttentionRow(query, key, value, dot, scaled, capped, bias, allowed, score, sink, weight, z)


def _bias_and_mask(chunk: QueryChunk, row: int, position: int, n_heads: int) -> tuple[Tensor, Tensor]:
    """What is added to the scores, and which keys may be seen: (n_heads, position + 1) each."""
    n_keys = position + 1
    bias = torch.zeros(n_heads, n_keys, dtype=torch.float64)
    allowed = torch.zeros(n_heads, n_keys, dtype=torch.bool)
    first = int(chunk.first[row])
    if chunk.mask is None:
        allowed[:, first:] = True
    else:
        mask = chunk.mask[:, row, : n_keys - first].cpu()
        seen = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
        allowed[:, first:] = seen
        if mask.dtype != torch.bool:
            # A mask of numbers may add more than -inf: ALiBi travels in it.
            bias[:, first:] += mask.double().where(seen, 0.0)
    if (added := chunk.extras.get("position_bias")) is not None:
        bias[:, first:] += added[0, :, row, : n_keys - first].cpu().double()
    return bias, allowed


def _double(tensor: Tensor) -> Tensor:
    # Not every device knows float64.
    return tensor.detach().cpu().double()
