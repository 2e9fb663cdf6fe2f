"""The steps from q · k to attention weights, for rows of a captured chunk: softcap, bias, mask and sinks.

softmax(query . key^T * scaling + mask) of Vaswani et al. 2017, with the additions of some families.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from model.capture.capture import QueryChunk
from model.runtime.to_numpy import to_double


@dataclass(frozen=True, eq=False)
class ChunkRows:
    """Rows of a chunk, for all heads or one, over the keys [first_key, stop), up to the position of the last row.

    `query` is (n_heads or 1, row, d_head). `bias` is added to the scores (n_heads or 1, row, key), and `hidden` is True
    for keys that a row does not see; both broadcast. `sink` (n_heads or 1, row or 1, 1) is a score without a key.
    """

    first_key: int
    stop: int
    query: Tensor
    scaling: float
    softcap: float | None
    bias: Tensor | None
    hidden: Tensor
    sink: Tensor | None

    def double(self) -> "ChunkRows":
        """The same in float64 on the CPU, because not every device supports float64."""
        return replace(
            self,
            query=to_double(self.query),
            bias=None if self.bias is None else to_double(self.bias),
            hidden=self.hidden.cpu(),
            sink=None if self.sink is None else to_double(self.sink),
        )


def chunk_rows(
    chunk: QueryChunk, low: int, high: int, head: int | None = None, first_key: int | None = None
) -> ChunkRows:
    """The rows [low, high) of a chunk. `first_key` is by default the first key that any of them sees."""
    if first_key is None:
        first_key = int(chunk.first[low:high].min())
    stop = chunk.start + high
    bias, hidden = _bias_and_hidden(chunk, low, high, head, first_key, stop)
    return ChunkRows(
        first_key=first_key,
        stop=stop,
        query=of_head(chunk.query, head)[:, low:high],
        scaling=chunk.scaling,
        softcap=chunk.extras.get("softcap"),
        bias=bias,
        hidden=hidden,
        sink=_sink(chunk, low, high, head),
    )


def by_group(heads: Tensor, shared: Tensor) -> Tensor:
    """(n_heads, row, a) @ (n_kv_heads, a, b) -> (n_heads, row, b), where consecutive heads share a key and value head.

    One product computes all heads of a group.
    """
    return (heads.reshape(len(shared), -1, heads.shape[-1]) @ shared).reshape(*heads.shape[:2], -1)


def softcapped(scores: Tensor, softcap: float | None) -> Tensor:
    """Bounds scores to ±`softcap`, if there is one (gemma2)."""
    return scores if softcap is None else torch.tanh(scores / softcap) * softcap


def weights_of(scores: Tensor, sink: Tensor | None) -> Tensor:
    """Softmax of the scores (n_heads or 1, row, key). A sink takes a share that is not returned (gpt_oss)."""
    if sink is None:
        return scores.softmax(-1)
    return torch.cat([scores, sink.expand(*scores.shape[:2], 1)], -1).softmax(-1)[..., :-1]


def of_head(tensor: Tensor, head: int | None) -> Tensor:
    """Selects one head of a tensor (n_heads or 1, ...) as (1, ...); all heads for None."""
    if head is None or tensor.shape[0] == 1:
        return tensor
    return tensor[head : head + 1]


def _bias_and_hidden(
    chunk: QueryChunk, low: int, high: int, head: int | None, first_key: int, stop: int
) -> tuple[Tensor | None, Tensor]:
    # The columns of a mask and of a position bias start at the first key of the chunk's first row, not of these rows.
    first_column = int(chunk.first[0])
    before = max(0, first_column - first_key)

    def cut(tensor: Tensor) -> Tensor:
        return of_head(tensor, head)[:, low:high, max(0, first_key - first_column) : stop - first_column]

    def widened(tensor: Tensor, value: bool | float) -> Tensor:
        return pad(tensor, (before, 0), value=value) if before else tensor

    added = chunk.extras.get("position_bias")
    bias = None if added is None else widened(cut(added[0]), 0.0)
    if chunk.mask is None:
        keys, own = torch.arange(first_key, stop), torch.arange(chunk.start + low, stop)
        hidden = (keys > own[:, None]) | (keys < chunk.first[low:high, None])
        return bias, hidden.to(chunk.query.device)[None]
    mask = cut(chunk.mask)
    if mask.dtype == torch.bool:
        return bias, widened(~mask, True)
    # A numeric mask may also contain a bias, such as ALiBi.
    hidden = mask <= torch.finfo(mask.dtype).min / 2
    numbers = widened(mask.masked_fill(hidden, 0.0), 0.0)
    return numbers if bias is None else bias.float() + numbers, widened(hidden, True)


def _sink(chunk: QueryChunk, low: int, high: int, head: int | None) -> Tensor | None:
    sinks = chunk.extras.get("s_aux", chunk.extras.get("sinks"))
    if sinks is None:
        return None
    # One per head, or in some families one per head and query: (1, n_heads, query, 1).
    return of_head(sinks[0, :, low:high] if sinks.ndim == 4 else sinks.reshape(-1, 1, 1), head)
