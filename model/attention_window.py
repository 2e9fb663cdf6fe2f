"""Captured attention to the arrays that BertViz draws: exact, over a window of positions."""

import torch

from model.attention import captured_layer
from model.capture import Capture
from model.embeddings import to_numpy
from model.language_model import LanguageModel
from model.pattern import pattern_rows
from model.records_head import AttentionWindow, HeadVectors
from model.validate import require_integer


def attention_window(
    lm: LanguageModel, capture: Capture, layers: tuple[int, ...], start: int, stop: int
) -> AttentionWindow:
    """Exact weights of all heads of some layers among positions [start, stop)."""
    rows = [pattern_rows(captured_layer(lm, capture, layer, 0), start, stop, stop) for layer in layers]
    pattern = torch.stack([weights[..., start:] for weights in rows])
    return AttentionWindow(layers, start, stop, pattern.numpy().copy())


def head_vectors(
    lm: LanguageModel, capture: Capture, layer: int, head: int, start: int, stop: int
) -> HeadVectors:
    """One head's queries, keys and weights among positions [start, stop)."""
    captured = captured_layer(lm, capture, layer, head)
    chunks = [captured.chunk_of(position) for position in range(start, stop)]
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
