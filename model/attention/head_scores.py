"""Scores every head on this run: averages of its weights by the keys they point to.

Position 0 sees only itself and says nothing about a head; every mean is over the queries after it.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.attention.check_scores import SCORES, TOLERANCE, scores_check
from model.attention.maps import (
    MAX_CELLS,
    WEIGHTS_AT_ONCE,
    WEIGHTS_PER_CALL,
    attention_tile,
    refuse_without_maps,
    require_positions,
)
from model.capture.capture import Capture, LayerCapture
from model.capture.pattern import pattern_rows
from model.network.language_model import LanguageModel
from model.records.prefill import HeadScores
from model.records.run import Check, not_made
from model.request.validate import require_integer

NAMES = ("previous", "first", "own", "induction", "entropy", "distance")


@torch.inference_mode()
def head_scores(
    lm: LanguageModel, capture: Capture, ids: tuple[int, ...], layer_start: int, n_positions: int
) -> HeadScores:
    """Scores of all heads from layer `layer_start` on, for as many layers as one call may compute.

    `ids` are the tokens that have been forwarded; only the first `n_positions` are used.
    Raises UserError for a model without maps, or for arguments out of range.
    """
    refuse_without_maps(lm, capture)
    n_layers = len(capture.layers)
    require_integer("layer_start", layer_start, 0, n_layers - 1, "layers are counted from 0")
    require_positions(capture, n_positions)
    n_heads = max(layer.n_heads for layer in capture.layers if layer.chunks)
    max_layers = max(1, WEIGHTS_PER_CALL // (n_heads * n_positions**2))
    layer_stop = min(n_layers, layer_start + max_layers)
    tokens = torch.tensor(ids[:n_positions])
    scores = torch.full((len(NAMES), layer_stop - layer_start, n_heads), math.nan)
    for index, layer in enumerate(capture.layers[layer_start:layer_stop]):
        if layer.chunks and n_positions > 1:
            scores[:, index, : layer.n_heads] = layer_scores(layer, tokens)
    by_name: dict[str, Any] = {name: row.numpy().copy() for name, row in zip(NAMES, scores, strict=True)}
    found = HeadScores(
        layer_start=layer_start,
        layer_stop=layer_stop,
        n_positions=n_positions,
        n_repeats=len(repeats(tokens)),
        **by_name,
    )
    return replace(found, checks=_checks(lm, capture, ids[:n_positions], found))


def _checks(lm: LanguageModel, capture: Capture, ids: tuple[int, ...], found: HeadScores) -> tuple[Check, ...]:
    """The check of one head: of these layers the one that looks most at what followed an earlier occurrence."""
    known = np.argwhere(~np.isnan(found.previous))
    if not len(known):
        return ()
    index, head = max(known.tolist(), key=lambda at: np.nan_to_num(found.induction[tuple(at)]))
    layer, where = found.layer_start + index, f"layer {found.layer_start + index}, head {head}"
    if len(ids) > MAX_CELLS:
        why = f"a map is exact up to {MAX_CELLS} positions, and here are {len(ids):,}"
        return (not_made(SCORES, TOLERANCE, why),)
    everything = (0, len(ids))
    tile = attention_tile(lm, capture, layer, head, everything, everything)
    shown = {name: float(getattr(found, name)[index, head]) for name in NAMES}
    return (scores_check(shown, tile.pattern, ids, where),)


def layer_scores(layer: LayerCapture, tokens: Tensor) -> Tensor:
    """The scores (name, n_heads) of one layer, computed in strips of rows."""
    n = len(tokens)
    sums = torch.zeros(len(NAMES), layer.n_heads, dtype=torch.float64)
    step = max(1, WEIGHTS_AT_ONCE // (layer.n_heads * n))
    for low in range(1, n, step):
        high = min(low + step, n)
        sums += strip_sums(pattern_rows(layer, low, high, high), tokens[:high], low)
    n_repeats = len(repeats(tokens))
    counts = torch.full((len(NAMES), 1), float(n - 1))
    counts[NAMES.index("induction")] = n_repeats or math.nan
    return (sums / counts).float()


def strip_sums(rows: Tensor, tokens: Tensor, low: int) -> Tensor:
    """The sums (name, n_heads) that the rows (n_heads, query, key) of the queries from `low` on add to each score."""
    n_heads, n_rows, n_keys = rows.shape
    queries, keys = torch.arange(low, low + n_rows), torch.arange(n_keys)
    distance = (queries[:, None] - keys).float()
    after = is_after_repeat(tokens, queries).float()
    # One product for both weighted sums, so that the rows are read once.
    weighted = rows.reshape(n_heads, -1) @ torch.stack([distance, after]).reshape(2, -1).T
    at = torch.arange(n_rows)
    entropy = -torch.special.xlogy(rows, rows).sum((-2, -1)) / math.log(2)
    sums = {
        "previous": rows[:, at, queries - 1].sum(-1),
        "first": rows[:, :, 0].sum(-1),
        "own": rows[:, at, queries].sum(-1),
        "induction": weighted[:, 1],
        "entropy": entropy,
        "distance": weighted[:, 0],
    }
    return torch.stack([sums[name] for name in NAMES]).double()


def is_after_repeat(tokens: Tensor, queries: Tensor) -> Tensor:
    """True (query, key) for keys before the query that come right after an earlier token equal to the query's."""
    before = torch.cat([tokens.new_tensor([-1]), tokens[:-1]])
    keys = torch.arange(len(tokens))
    return (before == tokens[queries][:, None]) & (keys < queries[:, None])


def repeats(tokens: Tensor) -> list[int]:
    """The positions that count for the induction score: those with an equal token at least two positions before."""
    first_position: dict[int, int] = {}
    positions = []
    for position, token_id in enumerate(tokens.tolist()):
        if first_position.setdefault(token_id, position) < position - 1:
            positions.append(position)
    return positions
