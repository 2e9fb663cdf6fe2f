"""One forward pass with capture: the step that prefill and decode share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch
from torch import Tensor
from transformers import Cache, DynamicCache

from model.capture import Capture, capturing
from model.language_model import LanguageModel


def new_cache(lm: LanguageModel) -> Cache:
    """An empty KV cache whose layers are of the kinds this model has."""
    return DynamicCache(config=lm.model.config)


def cached(lm: LanguageModel, cache: Cache | None) -> dict[str, Cache]:
    """The cache as an argument of the model's forward pass: recurrent families have their own word for it."""
    if cache is None:
        return {}
    recurrent = "cache_params" in signature(lm.model.forward).parameters
    return {"cache_params" if recurrent else "past_key_values": cache}


@torch.inference_mode()
def forward(lm: LanguageModel, ids: Sequence[int], cache: Cache, capture: Capture) -> Tensor:
    """Forwards `ids` after what the cache holds: the logits (vocab,) of the last position, float32 on the CPU."""
    input_ids = torch.tensor([list(ids)], device=lm.device)
    with capturing(capture, len(ids)):
        out = lm.model(input_ids, **cached(lm, cache), use_cache=True, logits_to_keep=1)
    return out.logits[0, -1].float().cpu()


@contextmanager
def layer_progress(lm: LanguageModel, on_layer: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `on_layer(done, n_layers)` after each block; what it raises ends the pass."""
    n_layers = len(lm.anatomy.blocks)
    handles = [
        block.register_forward_hook(lambda *_, done=layer + 1: on_layer(done, n_layers))
        for layer, block in enumerate(lm.anatomy.blocks)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
