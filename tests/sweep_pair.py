"""Two instances of a tiny model of a family: one for the page, and one that transformers runs by itself."""

from collections.abc import Collection

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel

from model.capture import capture
from model.request.errors import UserError
from tests.sweep_configs import tiny_config

MOST_PARAMETERS = 20_000_000


def pair(family: str, n_vocab: int) -> tuple[PreTrainedModel, PreTrainedModel]:
    """A tiny model with random weights from seed 0, and a second instance of it with eager attention."""
    torch.manual_seed(0)
    config = tiny_config(family, n_vocab)
    capture.register()
    with torch.device("meta"):
        size = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    if size > MOST_PARAMETERS:
        raise UserError(f"its smallest config here has {size:,} parameters")
    model = AutoModelForCausalLM.from_config(config).float().eval()
    # New norms are all ones and biases are zero, which would hide mistakes; small weights would repeat one token.
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(parameter + 0.2 * noise if parameter.ndim < 2 else 0.15 * noise)
    try:
        plain = AutoModelForCausalLM.from_config(tiny_config(family, n_vocab), attn_implementation="eager")
    except ValueError:
        plain = AutoModelForCausalLM.from_config(tiny_config(family, n_vocab))
    plain.float().eval().load_state_dict(model.state_dict())
    return model, plain


class Plain:
    """transformers' own results for these ids, from one eager pass without a cache: none of our code."""

    @torch.inference_mode()
    def __init__(self, model: PreTrainedModel, ids):
        tokens = torch.tensor([list(ids)])
        self.model, self.ids, self.n, self.maps = model, list(ids), len(ids), None
        self.logits = model(tokens, use_cache=False).logits[0].float()
        try:
            given = model(tokens, use_cache=False, output_attentions=True)
            self.maps = [layer[0].float() for layer in given.attentions or () if torch.is_tensor(layer)]
        except Exception:
            # The family cannot return maps, so there is no second source.
            self.maps = []

    @torch.inference_mode()
    def through(self, name: str, call: int = 0) -> tuple[Tensor, Tensor]:
        """What entered and left the module of this name in one pass, (position, width) each, at its n-th `call`."""
        seen = []
        hook = self.model.get_submodule(name).register_forward_hook(
            lambda _, args, output: seen.append((args[0][0].float(), output[0].float()))
        )
        try:
            self.model(torch.tensor([self.ids]), use_cache=False)
        finally:
            hook.remove()
        return seen[call]

    @torch.inference_mode()
    def greedy(self, ids: list[int], n: int, ends: Collection[int]) -> list[int]:
        """Up to `n` tokens after `ids`, each from one pass over everything before it."""
        made: list[int] = []
        while len(made) < n and not (made and made[-1] in ends):
            logits = self.model(torch.tensor([[*ids, *made]]), use_cache=False).logits[0, -1]
            made.append(int(logits.argmax()))
        return made
