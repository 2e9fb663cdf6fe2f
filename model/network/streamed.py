"""Attention maps of families that pass by the interface: the model's own eager maps, one layer at a time.

bloom, falcon, gptj and others write their attention out in full. Asked for, they return their maps, but
of all layers at once; here every layer's but one is dropped as soon as it is made.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from model.network.language_model import LanguageModel


@torch.inference_mode()
def streamed_maps(lm: LanguageModel, ids: Sequence[int], layers: Collection[int]) -> tuple[dict[int, Tensor], Tensor]:
    """The eager maps (n_heads, query, key) of these layers by one pass, and the logits (vocab,) of its end.

    Call it with `lm.lock` held: for this pass the model's attention is another.
    """
    kept: dict[int, Tensor] = {}
    # Before the hooks with which transformers collects the maps of some families.
    handles = [
        module.register_forward_hook(_taking(kept, index, index in layers, len(ids)), prepend=True)
        for index, block in enumerate(lm.anatomy.blocks)
        for module in (*block.children(), block)
    ]
    try:
        out = eager_pass(lm, ids)
    finally:
        for handle in handles:
            handle.remove()
    return kept, out.logits[0, -1].float().cpu()


@torch.inference_mode()
def eager_pass(lm: LanguageModel, ids: Sequence[int]):
    """One pass by the model's own eager attention that is asked for its maps, without a cache."""
    config = lm.model.config
    own = config._attn_implementation
    try:
        # These families refuse `set_attn_implementation`, but read the config at every call.
        config._attn_implementation = "eager"
        tokens = torch.tensor([list(ids)], device=lm.device)
        return lm.model(tokens, use_cache=False, output_attentions=True, logits_to_keep=1)
    finally:
        config._attn_implementation = own


def _taking(kept: dict[int, Tensor], index: int, wanted: bool, n: int):
    """A hook that takes a map (1, n_heads, n, n) out of a module's output and leaves an empty one."""

    def hook(_module, _args, output):
        if not isinstance(output, tuple | list):
            return None
        is_map = [torch.is_tensor(x) and x.ndim == 4 and x.shape[-2:] == (n, n) for x in output]
        if not any(is_map):
            return None
        if wanted and index not in kept:
            kept[index] = output[is_map.index(True)][0].float().cpu()
        # GPT-1 joins what its attention gives to a list of its own.
        kind = list if isinstance(output, list) else tuple
        return kind(x.new_empty(0) if found else x for x, found in zip(output, is_map, strict=True))

    return hook
