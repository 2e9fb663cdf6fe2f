"""The size of a KV cache by arithmetic: for this model, for variants of it, and for well-known models.

    bytes = n_kv_heads · (d_head + d_value) · bytes per number · (cached positions, summed over layers)

A layer with a window keeps at most that many positions. A latent cache (DeepSeek's MLA) keeps one vector per position
instead of keys and values.
"""

import json
from dataclasses import replace
from pathlib import Path

from model.records.kv import CacheShape, CacheSize
from model.records.run import ModelCard

PUBLISHED = Path(__file__).resolve().parents[2] / "assets" / "models_kv.json"
NUMBER_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8": 1}


def published() -> tuple[CacheShape, ...]:
    """The cache shapes of well-known open models, from their published configs."""
    return tuple(CacheShape(**entry) for entry in json.loads(PUBLISHED.read_text(encoding="utf-8")))


def kind_of(n_heads: int, n_kv_heads: int) -> str:
    """The name of how query heads share key and value heads (Shazeer 2019, Ainslie et al. 2023)."""
    if n_kv_heads == n_heads:
        return "MHA"
    return "MQA" if n_kv_heads == 1 else "GQA"


def own_shape(card: ModelCard) -> CacheShape:
    """The measured shape of this model's cache."""
    windows = [window for _, window in card.cache_layers if window]
    plain = card.n_kv_heads * (card.d_head + card.d_value)
    are_equal = {n for n, _ in card.cache_layers} <= {card.kv_latent or plain} and len(set(windows)) < 2
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
        layers=() if are_equal else card.cache_layers,
    )


def variants(card: ModelCard, window: int) -> tuple[CacheShape, ...]:
    """This model's own shape first, then with other numbers of key and value heads, with a window, and with 8 bits.

    If its layers differ from each other, there are no variants with another number of heads.
    """
    own = own_shape(card)
    n_kv_heads_by_kind = {} if own.layers else {"MHA": card.n_heads, "MQA": 1}
    others = [
        replace(own, name="", kind=kind, n_kv_heads=n_kv_heads, latent=None)
        for kind, n_kv_heads in n_kv_heads_by_kind.items()
        if own.latent or n_kv_heads != card.n_kv_heads
    ]
    layers = tuple((n, window) for n, _ in own.layers)
    with_window = replace(
        own, name="", kind=f"{own.kind} + window", window=window, windowed_layers=own.n_layers, layers=layers
    )
    return (own, *others, with_window, replace(own, name="", kind=f"{own.kind} in 8 bits", dtype="float8"))


def size_of(shape: CacheShape, n_positions: int) -> CacheSize:
    """The size of a cache of this shape after `n_positions`."""
    layers = shape.layers or _equal_layers(shape)
    itemsize = NUMBER_BYTES[shape.dtype]
    return CacheSize(
        shape=shape,
        bytes_per_token=itemsize * sum(n for n, _ in layers),
        bytes=itemsize * sum(n * (min(n_positions, window) if window else n_positions) for n, window in layers),
        fits=not shape.context or n_positions <= shape.context,
    )


def _equal_layers(shape: CacheShape) -> tuple[tuple[int, int], ...]:
    """(numbers per position, window or 0) of each layer, if all layers cache the same numbers per position."""
    n = shape.latent or shape.n_kv_heads * (shape.d_head + (shape.d_value or shape.d_head))
    full = shape.n_layers - shape.windowed_layers
    return ((n, 0),) * full + ((n, shape.window or 0),) * shape.windowed_layers


def sizes_by_variant(card: ModelCard, n_positions: int, window: int) -> tuple[CacheSize, ...]:
    """The sizes for this model's variants, then for the well-known models, all at one context length."""
    shapes = (*variants(card, window), *published())
    return tuple(size_of(shape, n_positions) for shape in shapes)
