"""One forward pass with capture, shared by prefill and decode."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch
from torch import Tensor
from transformers import Cache, DynamicCache

from model.capture.capture import Capture, capturing
from model.network.language_model import LanguageModel
from model.request.errors import UserError


class Prefix(Cache):
    """Replaces the cache for a family without one (GPT-1): all ids so far, which are re-run on every pass."""

    def __init__(self):
        super().__init__(layers=[])
        self.ids: list[int] = []

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """The number of positions forwarded so far."""
        return len(self.ids)


def new_cache(lm: LanguageModel) -> Cache:
    """An empty KV cache with the kinds of layer that this model needs."""
    return Prefix() if lm.card.uncached else DynamicCache(config=lm.model.config)


def refuse_without_cache(lm: LanguageModel) -> None:
    """Raises UserError, with the reason, for a model that runs without a cache."""
    if lm.card.uncached:
        raise UserError(f"This needs a KV cache, and here is none: {lm.card.uncached}. Choose another model for it.")


def cache_argument(lm: LanguageModel, cache: Cache | None) -> dict[str, Cache]:
    """The cache as a keyword argument of the model's forward pass; recurrent families have their own name for it.

    Raises UserError for a model that runs without a cache.
    """
    if cache is None:
        return {}
    refuse_without_cache(lm)
    recurrent = "cache_params" in signature(lm.model.forward).parameters
    return {"cache_params" if recurrent else "past_key_values": cache}


@torch.inference_mode()
def forward(lm: LanguageModel, ids: Sequence[int], cache: Cache, capture: Capture) -> Tensor:
    """Forwards `ids` after the cached positions. Returns the logits (vocab,) of the last one, float32 on the CPU."""
    if isinstance(cache, Prefix):
        return _forward_all(lm, ids, cache, capture)
    input_ids = torch.tensor([list(ids)], device=lm.device)
    with capturing(capture, len(ids)):
        out = lm.model(input_ids, **cache_argument(lm, cache), use_cache=True, logits_to_keep=1)
    return out.logits[0, -1].float().cpu()


def _forward_all(lm: LanguageModel, ids: Sequence[int], prefix: Prefix, capture: Capture) -> Tensor:
    """Forwards the whole sequence again with `ids` appended; `capture` then holds this pass only."""
    prefix.ids += ids
    whole = Capture()
    with capturing(whole, len(prefix.ids)):
        out = lm.model(torch.tensor([prefix.ids], device=lm.device), use_cache=False, logits_to_keep=1)
    capture.layers, capture.n_positions = whole.layers, whole.n_positions
    return out.logits[0, -1].float().cpu()


@contextmanager
def layer_progress(lm: LanguageModel, on_layer: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `on_layer(done, n_layers)` after each block; an exception from it ends the pass."""
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
