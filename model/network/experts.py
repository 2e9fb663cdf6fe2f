"""Which parameters of a mixture of experts a token uses: of the experts only the chosen ones."""

from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedModel

from model.network.anatomy import Anatomy
from model.network.sublayers import N_CHOSEN, N_EXPERTS, first_number, sublayers


@dataclass(frozen=True)
class Experts:
    """`modules` are the ids of the modules with experts' weights; a token is routed to `n_chosen` of `n_experts`."""

    modules: frozenset[int]
    n_experts: int
    n_chosen: int

    def used_part(self, size: int, n_positions: int = 1) -> int:
        """The part of the experts' `size` (weights or bytes) that `n_positions` positions use at most."""
        return size * min(self.n_experts, n_positions * self.n_chosen) // max(1, self.n_experts)


def experts_of(model: PreTrainedModel, anatomy: Anatomy) -> Experts:
    """The experts of all blocks. If the config has no number of chosen experts, a token is routed to all of them."""
    config = model.config.get_text_config()
    layers = [sublayers(block, config, anatomy.d_model) for block in anatomy.blocks]
    modules = frozenset(id(module) for layer in layers for experts in layer.experts for module in experts.modules())
    n_experts = first_number(config, N_EXPERTS)
    return Experts(modules, n_experts, first_number(config, N_CHOSEN) or n_experts)


def unique_weights(root: nn.Module) -> list[tuple[nn.Module, Tensor]]:
    """Each weight once, even if tied, with the first module that has it."""
    known, weights = set(), []
    for module in root.modules():
        for weight in module.parameters(recurse=False):
            if id(weight) not in known:
                known.add(id(weight))
                weights.append((module, weight))
    return weights


def n_active(model: PreTrainedModel, anatomy: Anatomy) -> int:
    """The number of parameters that one token uses: all of them, except the experts that are not chosen."""
    experts = experts_of(model, anatomy)
    routed = sum(weight.numel() for module, weight in unique_weights(model) if id(module) in experts.modules)
    return sum(weight.numel() for _, weight in unique_weights(model)) - routed + experts.used_part(routed)
