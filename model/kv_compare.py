"""How large a KV cache is by arithmetic: this model as it is and as others share heads, and known models.

    bytes = 2 · n_kv_heads · d_head · bytes of a number · (positions kept, summed over layers)

A layer with a window keeps at most that many positions. A latent cache (DeepSeek's MLA) keeps one vector
a position in place of keys and values.
"""

import json
from dataclasses import replace
from pathlib import Path

from model.records import ModelCard
from model.records_kv import CacheShape, CacheSize

PUBLISHED = Path(__file__).resolve().parent.parent / "assets" / "models_kv.json"
NUMBER_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8": 1}


def published() -> tuple[CacheShape, ...]:
    """Known open models, from their published configs."""
    return tuple(CacheShape(**entry) for entry in json.loads(PUBLISHED.read_text(encoding="utf-8")))


def kind_of(n_heads: int, n_kv_heads: int) -> str:
    """What the sharing of key and value heads is called (Shazeer 2019, Ainslie et al. 2023)."""
    if n_kv_heads == n_heads:
        return "MHA"
    return "MQA" if n_kv_heads == 1 else "GQA"


def variants(
    card: ModelCard, window: int, own_window: int | None = None, own_layers: int = 0
) -> tuple[CacheShape, ...]:
    """This model as it is, first, then with other key and value heads, with a window, and with 8-bit numbers.

    `own_window` and `own_layers` say what the model itself limits.
    """
    own = CacheShape(
        name="as it is",
        kind=kind_of(card.n_heads, card.n_kv_heads),
        n_layers=card.n_layers,
        n_heads=card.n_heads,
        n_kv_heads=card.n_kv_heads,
        d_head=card.d_head,
        dtype=card.dtype,
        window=own_window,
        windowed_layers=own_layers,
    )
    shared = {"MHA": card.n_heads, "MQA": 1}
    others = [
        replace(own, name="", kind=kind, n_kv_heads=n_kv_heads)
        for kind, n_kv_heads in shared.items()
        if n_kv_heads != card.n_kv_heads
    ]
    windowed = replace(own, name="", kind=f"{own.kind} + window", window=window, windowed_layers=card.n_layers)
    return (own, *others, windowed, replace(own, name="", kind=f"{own.kind} in 8 bits", dtype="float8"))


def size_of(shape: CacheShape, n_positions: int) -> CacheSize:
    """The shape's bytes when `n_positions` have been seen."""
    a_layer = shape.latent or 2 * shape.n_kv_heads * shape.d_head
    per_layer = a_layer * NUMBER_BYTES[shape.dtype]
    kept = min(n_positions, shape.window) if shape.window else n_positions
    n_full = shape.n_layers - shape.windowed_layers
    return CacheSize(
        shape=shape,
        bytes_per_token=per_layer * shape.n_layers,
        bytes=per_layer * (n_full * n_positions + shape.windowed_layers * kept),
        fits=not shape.context or n_positions <= shape.context,
    )


def compare(
    card: ModelCard, n_positions: int, window: int, own_window: int | None = None, own_layers: int = 0
) -> tuple[CacheSize, ...]:
    """This model's variants, then the known models, all at one context."""
    shapes = (*variants(card, window, own_window, own_layers), *published())
    return tuple(size_of(shape, n_positions) for shape in shapes)
