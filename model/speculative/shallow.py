"""A model made of the first layers of another: its final norm and head after fewer blocks.

Only the modules on the path to the blocks are copied, so both share every weight.
"""

import copy

from torch import nn

from model.network.language_model import LanguageModel


def first_layers(lm: LanguageModel, n_layers: int) -> nn.Module:
    """The model with its first `n_layers` blocks (early exit). Its logits are those of the logit lens at that layer."""
    path = next(name for name, module in lm.model.named_modules() if module is lm.anatomy.blocks)
    config = copy.deepcopy(lm.model.config)
    text = config.get_text_config()
    text.num_hidden_layers = n_layers

    def shallow_copy(module: nn.Module) -> nn.Module:
        """A copy with its own table of children and its own config; the children themselves are shared."""
        copied = copy.copy(module)
        copied._modules = dict(module._modules)
        if hasattr(module, "config"):
            copied.__dict__["config"] = config if module.config is lm.model.config else text
        return copied

    root = parent = shallow_copy(lm.model)
    *parents, last = path.split(".")
    for name in parents:
        child = shallow_copy(parent.get_submodule(name))
        parent._modules[name] = child
        parent = child
    parent._modules[last] = lm.anatomy.blocks[:n_layers]
    return root
