"""One position of a run forwarded again as the model does it, to read what the run did not keep: W_O's input.

Needed only where a gate or a norm comes between z and W_O. The run's own keys and values are used; where they make
no cache, all positions before this one are forwarded too.
"""

from contextlib import ExitStack

import torch
from torch import Tensor

from model.attention.head_output import OutputProjection
from model.capture.capture import Capture, capturing
from model.network.forward import cache_argument
from model.network.language_model import LanguageModel
from model.run.run_cache import MAX_FORWARDED, cache_before
from model.run.trace import Trace


def entry_limit(lm: LanguageModel, trace: Trace, query: int) -> str:
    """Why a position is not forwarded again: too many others would have to be as well. Empty if it can be."""
    if query < MAX_FORWARDED or cache_before(lm, trace, query) is not None:
        return ""
    return (
        f"this model changes z before W_O, and to read what enters it all {query + 1:,} positions would be forwarded "
        f"again, because its cache cannot be cut; the limit is {MAX_FORWARDED}. Select an earlier position"
    )


@torch.inference_mode()
def own_entry(lm: LanguageModel, trace: Trace, layer: int, query: int, projection: OutputProjection) -> Tensor:
    """What entered W_O of a layer at the position `query`: (n_heads, d_v), float64 on the CPU.

    Call it without `lm.lock`.
    """
    n_heads: list[int] = []
    entry: list[Tensor] = []

    def on_heads(index: int, values: Tensor) -> Tensor:
        if index == layer:
            n_heads.append(len(values[0, -1]))
        return values

    def keep_entry(_module, args) -> None:
        # A module that layers share runs more than once: the call that counts is the first after this layer's heads.
        if n_heads and not entry:
            entry.append(args[0][0, -1].unflatten(-1, (n_heads[0], -1)).double().cpu())

    with lm.lock, ExitStack() as hooks:
        cache = cache_before(lm, trace, query)
        ids = trace.fed_ids[0 if cache is None else query : query + 1]
        hooks.callback(projection.module.register_forward_pre_hook(keep_entry).remove)
        hooks.enter_context(capturing(Capture(n_positions=query + 1 - len(ids)), len(ids), on_heads))
        input_ids = torch.tensor([list(ids)], device=lm.device)
        lm.model(input_ids, **cache_argument(lm, cache), use_cache=cache is not None, logits_to_keep=1)
    return entry[0]
