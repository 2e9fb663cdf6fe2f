"""The surprisal of the prompt's own tokens: one forward pass in which each position scores the next token."""

from collections.abc import Callable

import numpy as np
import torch

from model.decode.check_surprisal import surprisal_check
from model.layers.unembedding import fit_finish
from model.network.forward import layer_progress
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.decode import PromptSurprisal
from model.records.run import Tokens
from model.request.errors import UserError

POSITIONS_AT_ONCE = 128


@torch.inference_mode()
def prompt_surprisal(
    lm: LanguageModel, tokens: Tokens, on_layer: Callable[[int, int], None] = lambda done, n: None
) -> PromptSurprisal:
    """Scores the prompt, in bits. The head runs on a few positions at a time: all logits together would be large.

    A factor or a softcap after the head (cohere, granite, gemma2) is applied as the logit lens does. Raises UserError
    for a model that changes its logits in another way.
    """
    ids = torch.tensor(tokens.ids, device=lm.device)
    bits = torch.full((len(ids),), torch.nan)
    head_inputs: list[torch.Tensor] = []

    def keep(_head, inputs):
        head_inputs.append(inputs[0][0])
        return (inputs[0][:, -1:],)

    with lm.lock, layer_progress(lm, on_layer):
        handle = lm.anatomy.head.register_forward_pre_hook(keep)
        try:
            last = lm.model(ids[None], use_cache=False).logits[0, -1].float().cpu()
        finally:
            handle.remove()
        raw = lm.anatomy.head(head_inputs[0][-1]).float().cpu()
        finish = fit_finish(lm, raw, last)
        missed, largest = float((finish(raw) - last).abs().max()), float(last.abs().max())
        if not missed <= LOGIT_TOLERANCE[lm.dtype] * largest:
            raise UserError(
                f"This model changes its logits after the head in a way that is not known here: they are missed by "
                f"{missed:.2g} (the largest is {largest:.3g}), so its prompt cannot be scored position by position. "
                "Choose another model for it."
            )
        for start in range(0, len(ids) - 1, POSITIONS_AT_ONCE):
            stop = min(start + POSITIONS_AT_ONCE, len(ids) - 1)
            logits = finish(lm.anatomy.head(head_inputs[0][start:stop]).float())
            logprobs = logits.log_softmax(-1).gather(1, ids[start + 1 : stop + 1, None].to(logits.device))[:, 0]
            bits[start + 1 : stop + 1] = (-logprobs / np.log(2)).cpu()
    mean = float(bits[1:].mean()) if len(ids) > 1 else float("nan")
    n_bytes = sum(len(token.bytes) for token in tokens.tokens[1:])
    n_unknown = lm.vocabulary.n_unknown(tokens.ids)
    per_byte = float(bits[1:].sum()) / n_bytes if n_bytes and not n_unknown else float("nan")
    check = surprisal_check(lm, bits.numpy(), tokens.ids) if len(ids) > 1 else None
    return PromptSurprisal(bits.numpy().copy(), 2.0**mean, per_byte, n_unknown, check)
