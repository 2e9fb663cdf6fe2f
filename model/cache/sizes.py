"""How large a KV cache is by arithmetic: this model as it is and as others share heads, and known models.

    bytes = n_kv_heads · (d_head + d_value) · bytes of a number · (positions kept, summed over layers)

A layer with a window keeps at most that many positions. A latent cache (DeepSeek's MLA) keeps one vector
a position in place of keys and values.
"""

import json
from dataclasses import replace
from pathlib import Path

from model.records.kv import CacheShape, CacheSize
from model.records.run import ModelCard

PUBLISHED = Path(__file__).resolve().parents[2] / "assets" / "models_kv.json"
NUMBER_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8": 1}


def published() -> tuple[CacheShape, ...]:
    """Known open models, from their published configs."""
    return tuple(CacheShape(**entry) for entry in json.loads(PUBLISHED.read_text(encoding="utf-8")))


def kind_of(n_heads: int, n_kv_heads: int) -> str:
    """What the sharing of key and value heads is called (Shazeer 2019, Ainslie et al. 2023)."""
    if n_kv_heads == n_heads:
        return "MHA"
    return "MQA" if n_kv_heads == 1 else "GQA"


def own_shape(card: ModelCard) -> CacheShape:
    """This model's cache as it was measured."""
    windows = [window for _, window in card.cache_layers if window]
    plain = card.n_kv_heads * (card.d_head + card.d_value)
    alike = {n for n, _ in card.cache_layers} <= {card.kv_latent or plain} and len(set(windows)) < 2
    return CacheShape(
        name="as it is",
        kind="latent (MLA)" if card.kv_latent else kind_of(card.n_heads, card.n_kv_heads),
        n_layers=len(card.cache_layers),
        n_heads=card.n_heads,
        n_kv_heads=card.n_kv_heads,
        d_head=card.d_head,
        dtype=card.dtype,
        window=max(windows, default=None),
        windowed_layers=len(windows),
        latent=card.kv_latent or None,
        d_value=card.d_value,
        layers=() if alike else card.cache_layers,
    )


def variants(card: ModelCard, window: int) -> tuple[CacheShape, ...]:
    """This model as it is, first, then with other key and value heads, with a window, and with 8-bit numbers.

    Where its layers are not alike, no other number of heads is made up for them.
    """
    own = own_shape(card)
    shared = {} if own.layers else {"MHA": card.n_heads, "MQA": 1}
    others = [
        replace(own, name="", kind=kind, n_kv_heads=n_kv_heads, latent=None)
        for kind, n_kv_heads in shared.items()
        if own.latent or n_kv_heads != card.n_kv_heads
    ]
    limited = tuple((n, window) for n, _ in own.layers)
    windowed = replace(
        own, name="", kind=f"{own.kind} + window", window=window, windowed_layers=own.n_layers, layers=limited
    )
    return (own, *others, windowed, replace(own, name="", kind=f"{own.kind} in 8 bits", dtype="float8"))


def size_of(shape: CacheShape, n_positions: int) -> CacheSize:
    """The shape's bytes when `n_positions` have been seen."""
    layers = shape.layers or _alike(shape)
    number = NUMBER_BYTES[shape.dtype]
    return CacheSize(
        shape=shape,
        bytes_per_token=number * sum(n for n, _ in layers),
        bytes=number * sum(n * (min(n_positions, window) if window else n_positions) for n, window in layers),
        fits=not shape.context or n_positions <= shape.context,
    )


def _alike(shape: CacheShape) -> tuple[tuple[int, int], ...]:
    """Layers that keep the same of a position: how many numbers, and the window of those that have one."""
    n = shape.latent or shape.n_kv_heads * (shape.d_head + (shape.d_value or shape.d_head))
    full = shape.n_layers - shape.windowed_layers
    return ((n, 0),) * full + ((n, shape.window or 0),) * shape.windowed_layers


def compare(card: ModelCard, n_positions: int, window: int) -> tuple[CacheSize, ...]:
    """This model's variants, then the known models, all at one context."""
    shapes = (*variants(card, window), *published())
    return tuple(size_of(shape, n_positions) for shape in shapes)
