"""Captured attention to the arrays that BertViz draws: exact, over a window of positions."""

import torch

from model.attention.maps import captured_layer
from model.network.capture import Capture
from model.network.language_model import LanguageModel
from model.network.pattern import pattern_rows
from model.network.to_numpy import to_numpy
from model.records.head import AttentionWindow, HeadVectors
from model.request.validate import require_integer
from model.runtime.present import present


def attention_window(
    lm: LanguageModel, capture: Capture, layers: tuple[int, int], start: int, stop: int
) -> AttentionWindow:
    """Exact weights of all heads of layers [first, last) among positions [start, stop).

    Layers without attention are left out, and those with another number of heads than the first.
    """
    captured_layer(lm, capture, layers[0], 0)
    _require_window(capture, start, stop)
    n_heads = capture.layers[layers[0]].n_heads
    shown = [i for i in range(*layers) if (held := capture.layers[i]).chunks and held.n_heads == n_heads]
    rows = [pattern_rows(capture.layers[layer], start, stop, stop) for layer in shown]
    pattern = torch.stack([weights[..., start:] for weights in rows])
    return AttentionWindow(tuple(shown), start, stop, to_numpy(pattern))


def head_vectors(lm: LanguageModel, capture: Capture, layer: int, head: int, start: int, stop: int) -> HeadVectors:
    """One head's queries, keys and weights among positions [start, stop)."""
    captured = captured_layer(lm, capture, layer, head)
    _require_window(capture, start, stop)
    chunks = [present(captured.chunk_of(position)) for position in range(start, stop)]
    query = torch.stack([c.query[head, p - c.start] for p, c in zip(range(start, stop), chunks, strict=True)])
    group = captured.n_heads // captured.key.shape[0]
    return HeadVectors(
        layer=layer,
        head=head,
        start=start,
        stop=stop,
        scaling=float(chunks[0].scaling),
        query=to_numpy(query),
        key=to_numpy(captured.key[head // group, start:stop]),
        pattern=to_numpy(pattern_rows(captured, start, stop, stop, head)[0, :, start:]),
    )


def _require_window(capture: Capture, start: int, stop: int) -> None:
    out = "these many positions have been through the model"
    require_integer("start", start, 0, capture.n_positions - 1, out)
    require_integer("stop", stop, start + 1, capture.n_positions, out)
