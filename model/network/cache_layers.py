"""What the layers of a KV cache hold; layers of other kinds (recurrent states) hold no keys and values."""

from torch import Tensor
from transformers import Cache


def keys_and_values(layer: object) -> tuple[Tensor, Tensor] | None:
    """The keys and values (1, n_kv_heads, position, d_head) of a layer; None before the first pass, or without them."""
    keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
    return None if keys is None or values is None else (keys, values)


def held_layers(cache: Cache) -> list[tuple[object, Tensor, Tensor]]:
    """Each layer that holds keys and values, with both."""
    held = [(layer, keys_and_values(layer)) for layer in cache.layers]
    return [(layer, *both) for layer, both in held if both is not None]
