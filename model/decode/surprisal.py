"""The surprisal of the prompt's own tokens: one forward pass in which each position scores the next token."""

from collections.abc import Callable

import numpy as np
import torch

from model.network.forward import layer_progress
from model.network.language_model import LanguageModel
from model.records.decode import PromptSurprisal
from model.records.run import Tokens
from model.request.errors import UserError

POSITIONS_AT_ONCE = 128


@torch.inference_mode()
def prompt_surprisal(
    lm: LanguageModel, tokens: Tokens, on_layer: Callable[[int, int], None] = lambda done, n: None
) -> PromptSurprisal:
    """Scores the prompt, in bits. The head runs on a few positions at a time: all logits together would be large.

    Raises UserError for a model that changes its logits after the head.
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
        if not torch.allclose(last, lm.anatomy.head(head_inputs[0][-1]).float().cpu(), atol=1e-2):
            raise UserError(
                "This model changes its logits after the head, so its prompt cannot be scored position by position."
            )
        for start in range(0, len(ids) - 1, POSITIONS_AT_ONCE):
            stop = min(start + POSITIONS_AT_ONCE, len(ids) - 1)
            logits = lm.anatomy.head(head_inputs[0][start:stop]).float()
            logprobs = logits.log_softmax(-1).gather(1, ids[start + 1 : stop + 1, None].to(logits.device))[:, 0]
            bits[start + 1 : stop + 1] = (-logprobs / np.log(2)).cpu()
    mean = float(bits[1:].mean()) if len(ids) > 1 else float("nan")
    n_bytes = sum(len(token.bytes) for token in tokens.tokens[1:])
    n_unknown = lm.vocabulary.n_unknown(tokens.ids)
    per_byte = float(bits[1:].sum()) / n_bytes if n_bytes and not n_unknown else float("nan")
    return PromptSurprisal(bits.numpy().copy(), 2.0**mean, per_byte, n_unknown)
