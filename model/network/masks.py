"""Attention masks to numbers: which keys a row sees, where position alone decides it."""

import torch
from torch import Tensor

# By a mask's identity: the mask, which keeps that identity its own, and its first keys if it is a band.
Bands = dict[int, tuple[Tensor, Tensor | None]]


def seen_keys(
    bands: Bands, mask: Tensor | None, first_key: int, start: int, n_new: int, n_keys: int
) -> tuple[Tensor, Tensor | None]:
    """The first key (q,) each row sees, and the mask (n_heads or 1, q, k) where that does not say it all.

    The rows are the queries from position `start`, the keys begin at `first_key`. Layers share a mask, so
    what was found out about it is kept in `bands`.
    """
    if mask is None:
        return torch.full((n_new,), first_key), None
    mask_id = id(mask)
    if mask_id not in bands:
        bands[mask_id] = mask, band(mask[0, ..., :n_keys], first_key, start)
    first = bands[mask_id][1]
    if first is not None:
        return first, None
    return torch.full((n_new,), first_key), mask[0, ..., :n_keys]


def band(mask: Tensor, first_key: int, start: int) -> Tensor | None:
    """The first key (q,) of each row when each sees all keys from it to its own position, and no other.

    Causal masks and sliding windows are such bands; for any other mask (n_heads or 1, q, k), None.
    """
    if mask.shape[0] != 1:
        return None
    allowed = mask[0] if mask.dtype == torch.bool else mask[0] == 0
    if mask.dtype != torch.bool and not (allowed | (mask[0] <= torch.finfo(mask.dtype).min / 2)).all():
        return None
    own = torch.arange(start, start + mask.shape[1], device=mask.device)
    keys = torch.arange(first_key, first_key + mask.shape[2], device=mask.device)
    first = own - allowed.sum(-1) + 1
    seen = (keys >= first[:, None]) & (keys <= own[:, None])
    return first.cpu() if torch.equal(seen, allowed) else None


def with_chosen(mask: Tensor | None, indices: Tensor, n_keys: int) -> Tensor:
    """The mask, with the keys hidden that a query did not choose; indices (batch, query, chosen)."""
    left_out = indices.new_ones((*indices.shape[:2], n_keys), dtype=torch.bool).scatter(-1, indices.long(), False)
    left_out = left_out[:, None]
    if mask is None:
        rows = torch.arange(n_keys - indices.shape[1], n_keys, device=indices.device)
        return ~left_out & (torch.arange(n_keys, device=indices.device) <= rows[:, None])
    if mask.dtype == torch.bool:
        return mask & ~left_out
    return mask.masked_fill(left_out, torch.finfo(mask.dtype).min)
