"""What every head does on this run, as numbers: its weights averaged by where they point.

Position 0 sees only itself, so it says nothing about a head; every mean is over the queries after it.
"""

import math

import torch
from torch import Tensor

from model.attention.maps import WEIGHTS_A_CALL, WEIGHTS_AT_ONCE, refuse_without_maps, require_positions
from model.network.capture import Capture, LayerCapture
from model.network.language_model import LanguageModel
from model.network.pattern import pattern_rows
from model.records.prefill import HeadScores
from model.request.validate import require_integer

NAMES = ("previous", "first", "own", "induction", "entropy", "distance")


@torch.inference_mode()
def head_scores(
    lm: LanguageModel, capture: Capture, ids: tuple[int, ...], layer_start: int, n_positions: int
) -> HeadScores:
    """Scores of all heads from `layer_start` on, for as many layers as one call may cost.

    `ids` are the tokens that went through the model; only the first `n_positions` are looked at.
    """
    refuse_without_maps(lm, capture)
    n_layers = len(capture.layers)
    require_integer("layer_start", layer_start, 0, n_layers - 1, "layers are counted from 0")
    require_positions(capture, n_positions)
    n_heads = max(layer.n_heads for layer in capture.layers if layer.chunks)
    at_once = max(1, WEIGHTS_A_CALL // (n_heads * n_positions**2))
    layer_stop = min(n_layers, layer_start + at_once)
    tokens = torch.tensor(ids[:n_positions])
    scores = torch.full((len(NAMES), layer_stop - layer_start, n_heads), math.nan)
    for index, layer in enumerate(capture.layers[layer_start:layer_stop]):
        if layer.chunks and n_positions > 1:
            scores[:, index, : layer.n_heads] = layer_scores(layer, tokens)
    return HeadScores(
        layer_start=layer_start,
        layer_stop=layer_stop,
        n_positions=n_positions,
        n_repeats=len(repeats(tokens)),
        **{name: row.numpy().copy() for name, row in zip(NAMES, scores, strict=True)},
    )


def layer_scores(layer: LayerCapture, tokens: Tensor) -> Tensor:
    """The scores (name, n_heads) of one layer, from strips of its rows."""
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
    """What the rows (n_heads, query, key) of queries from `low` on add to each score: (name, n_heads)."""
    n_heads, n_rows, n_keys = rows.shape
    own, keys = torch.arange(low, low + n_rows), torch.arange(n_keys)
    distance = (own[:, None] - keys).float()
    after = follows(tokens, own).float()
    # One product for both weighted sums: the rows are read once.
    weighted = rows.reshape(n_heads, -1) @ torch.stack([distance, after]).reshape(2, -1).T
    at = torch.arange(n_rows)
    entropy = -torch.special.xlogy(rows, rows).sum((-2, -1)) / math.log(2)
    sums = {
        "previous": rows[:, at, own - 1].sum(-1),
        "first": rows[:, :, 0].sum(-1),
        "own": rows[:, at, own].sum(-1),
        "induction": weighted[:, 1],
        "entropy": entropy,
        "distance": weighted[:, 0],
    }
    return torch.stack([sums[name] for name in NAMES]).double()


def follows(tokens: Tensor, own: Tensor) -> Tensor:
    """True (query, key) where the key comes right after an earlier token equal to the query's, before the query."""
    before = torch.cat([tokens.new_tensor([-1]), tokens[:-1]])
    keys = torch.arange(len(tokens))
    return (before == tokens[own][:, None]) & (keys < own[:, None])


def repeats(tokens: Tensor) -> list[int]:
    """The positions that have a key for the induction score: an equal token at least two places before."""
    first_seen: dict[int, int] = {}
    found = []
    for position, token_id in enumerate(tokens.tolist()):
        if first_seen.setdefault(token_id, position) < position - 1:
            found.append(position)
    return found
