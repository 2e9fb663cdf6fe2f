"""Reduces attention masks to the first visible key of each row, where the mask is causal or a sliding window."""

import torch
from torch import Tensor

# By the id of a mask: the mask itself, so that its id stays unique, and its first keys if it is a band.
Bands = dict[int, tuple[Tensor, Tensor | None]]


def visible_keys(
    bands: Bands, mask: Tensor | None, first_key: int, start: int, n_new: int, n_keys: int
) -> tuple[Tensor, Tensor | None]:
    """The first key (q,) that each row sees, and the mask (n_heads or 1, q, k) unless it is a band.

    The rows are the queries from position `start` on, the keys start at `first_key`. Layers share a mask, so its
    analysis is cached in `bands`.
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
    """The first key (q,) of each row if a row sees exactly the keys from that one to its own position.

    Causal masks and sliding windows are such bands; returns None for any other mask (n_heads or 1, q, k).
    """
    if mask.shape[0] != 1:
        return None
    allowed = mask[0] if mask.dtype == torch.bool else mask[0] == 0
    if mask.dtype != torch.bool and not (allowed | (mask[0] <= torch.finfo(mask.dtype).min / 2)).all():
        return None
    queries = torch.arange(start, start + mask.shape[1], device=mask.device)
    keys = torch.arange(first_key, first_key + mask.shape[2], device=mask.device)
    first = queries - allowed.sum(-1) + 1
    visible = (keys >= first[:, None]) & (keys <= queries[:, None])
    return first.cpu() if torch.equal(visible, allowed) else None


def hide_unchosen(mask: Tensor | None, indices: Tensor, n_keys: int) -> Tensor:
    """The mask (causal if None) with the keys hidden that a query did not choose; indices (batch, query, chosen)."""
    hidden = indices.new_ones((*indices.shape[:2], n_keys), dtype=torch.bool).scatter(-1, indices.long(), False)
    hidden = hidden[:, None]
    if mask is None:
        rows = torch.arange(n_keys - indices.shape[1], n_keys, device=indices.device)
        return ~hidden & (torch.arange(n_keys, device=indices.device) <= rows[:, None])
    if mask.dtype == torch.bool:
        return mask & ~hidden
    return mask.masked_fill(hidden, torch.finfo(mask.dtype).min)
