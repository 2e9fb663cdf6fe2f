"""The first layers of a model as a model of their own: its final norm and head after fewer blocks.

Nothing is copied but the modules on the way to the blocks, so both share every weight.
"""

import copy

from torch import nn

from model.network.language_model import LanguageModel


def first_layers(lm: LanguageModel, n_layers: int) -> nn.Module:
    """The model with `n_layers` of its blocks. Its logits there are those of the logit lens (early exit)."""
    path = next(name for name, module in lm.model.named_modules() if module is lm.anatomy.blocks)
    config = copy.deepcopy(lm.model.config)
    text = config.get_text_config()
    text.num_hidden_layers = n_layers

    def own(module: nn.Module) -> nn.Module:
        """A module with a table of children and a config of its own; the children are shared."""
        made = copy.copy(module)
        made._modules = dict(module._modules)
        if hasattr(module, "config"):
            made.__dict__["config"] = config if module.config is lm.model.config else text
        return made

    root = inside = own(lm.model)
    *parents, last = path.split(".")
    for name in parents:
        child = own(inside.get_submodule(name))
        inside._modules[name] = child
        inside = child
    inside._modules[last] = lm.anatomy.blocks[:n_layers]
    return root
