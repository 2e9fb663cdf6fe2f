"""Attention maps of families that bypass `AttentionInterface`: the model's own eager maps, layer by layer.

bloom, falcon, gptj and others compute attention in their own code. On request they return their maps, but of all
layers at once; here only the requested layers are kept, and every other map is dropped as soon as it is computed.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from model.network.language_model import LanguageModel


@torch.inference_mode()
def streamed_maps(lm: LanguageModel, ids: Sequence[int], layers: Collection[int]) -> tuple[dict[int, Tensor], Tensor]:
    """The eager maps (n_heads, query, key) of these layers from one pass, and the logits (vocab,) of the last position.

    Call it with `lm.lock` held: it switches the model's attention for this pass.
    """
    maps: dict[int, Tensor] = {}
    # Prepended, so that they run before the hooks with which transformers collects the maps of some families.
    handles = [
        module.register_forward_hook(_take_map(maps, index, index in layers, len(ids)), prepend=True)
        for index, block in enumerate(lm.anatomy.blocks)
        for module in (*block.children(), block)
    ]
    try:
        out = eager_pass(lm, ids)
    finally:
        for handle in handles:
            handle.remove()
    return maps, out.logits[0, -1].float().cpu()


@torch.inference_mode()
def eager_pass(lm: LanguageModel, ids: Sequence[int]):
    """One pass with the model's own eager attention, which returns its maps, without a cache."""
    config = lm.model.config
    implementation = config._attn_implementation
    try:
        # These families reject `set_attn_implementation`, but read the config at every call.
        config._attn_implementation = "eager"
        tokens = torch.tensor([list(ids)], device=lm.device)
        return lm.model(tokens, use_cache=False, output_attentions=True, logits_to_keep=1)
    finally:
        config._attn_implementation = implementation


def _take_map(maps: dict[int, Tensor], index: int, wanted: bool, n: int):
    """A hook that takes a map (1, n_heads, n, n) out of a module's output and leaves an empty tensor."""

    def hook(_module, _args, output):
        if not isinstance(output, tuple | list):
            return None
        is_map = [torch.is_tensor(x) and x.ndim == 4 and x.shape[-2:] == (n, n) for x in output]
        if not any(is_map):
            return None
        if wanted and index not in maps:
            maps[index] = output[is_map.index(True)][0].float().cpu()
        # GPT-1 concatenates its attention's output with a list, so the type must stay.
        kind = list if isinstance(output, list) else tuple
        return kind(x.new_empty(0) if taken else x for x, taken in zip(output, is_map, strict=True))

    return hook
