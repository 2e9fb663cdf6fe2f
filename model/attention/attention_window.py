"""The exact attention weights over a window of positions, as arrays for BertViz."""

import torch

from model.attention.maps import captured_layer
from model.capture.capture import Capture
from model.capture.pattern import pattern_rows
from model.network.language_model import LanguageModel
from model.records.head import AttentionWindow, HeadVectors
from model.request.validate import require_integer
from model.runtime.present import present
from model.runtime.to_numpy import to_numpy


def attention_window(
    lm: LanguageModel, capture: Capture, layers: tuple[int, int], start: int, stop: int
) -> AttentionWindow:
    """Exact weights of all heads of the layers [first, last) among the positions [start, stop).

    Leaves out layers without attention, and layers with another number of heads than the first one. Raises UserError
    for layers or positions that are not there.
    """
    require_integer("first layer", layers[0], 0, lm.card.n_layers - 1, "layers are counted from 0")
    require_integer("last layer", layers[1] - 1, layers[0], lm.card.n_layers - 1, "the model ends there")
    captured_layer(lm, capture, layers[0], 0)
    _require_window(capture, start, stop)
    n_heads = capture.layers[layers[0]].n_heads
    indices = [i for i in range(*layers) if (layer := capture.layers[i]).chunks and layer.n_heads == n_heads]
    rows = [pattern_rows(capture.layers[index], start, stop, stop) for index in indices]
    pattern = torch.stack([weights[..., start:] for weights in rows])
    return AttentionWindow(tuple(indices), start, stop, to_numpy(pattern))


def head_vectors(lm: LanguageModel, capture: Capture, layer: int, head: int, start: int, stop: int) -> HeadVectors:
    """One head's queries, keys and weights among the positions [start, stop)."""
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
    hint = "these many positions have been through the model"
    require_integer("start", start, 0, capture.n_positions - 1, hint)
    require_integer("stop", stop, start + 1, capture.n_positions, hint)
