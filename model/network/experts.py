"""What a token passes through in a mixture of experts: of the experts' weights only those of the chosen."""

from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedModel

from model.network.anatomy import Anatomy
from model.network.sublayers import N_CHOSEN, N_EXPERTS, first_number, sublayers


@dataclass(frozen=True)
class Experts:
    """`modules` are the ids of those that hold experts' weights; a token is sent to `n_chosen` of `n_experts`."""

    modules: frozenset[int]
    n_experts: int
    n_chosen: int

    def passed(self, size: int, n_positions: int = 1) -> int:
        """Of the experts' `size` weights or bytes those that so many positions pass through at most."""
        return size * min(self.n_experts, n_positions * self.n_chosen) // max(1, self.n_experts)


def experts_of(model: PreTrainedModel, anatomy: Anatomy) -> Experts:
    """Those of all blocks. A config that names no number of chosen experts sends a token to each."""
    config = model.config.get_text_config()
    layers = [sublayers(block, config, anatomy.d_model) for block in anatomy.blocks]
    modules = frozenset(id(module) for layer in layers for experts in layer.experts for module in experts.modules())
    n_experts = first_number(config, N_EXPERTS)
    return Experts(modules, n_experts, first_number(config, N_CHOSEN) or n_experts)


def own_weights(root: nn.Module) -> list[tuple[nn.Module, Tensor]]:
    """Each weight once, also where it is tied, with the first module that holds it."""
    seen, found = set(), []
    for module in root.modules():
        for weight in module.parameters(recurse=False):
            if id(weight) not in seen:
                seen.add(id(weight))
                found.append((module, weight))
    return found


def n_active(model: PreTrainedModel, anatomy: Anatomy) -> int:
    """How many parameters one token passes through: all, of the experts those of the chosen."""
    experts = experts_of(model, anatomy)
    routed = sum(weight.numel() for module, weight in own_weights(model) if id(module) in experts.modules)
    return sum(weight.numel() for _, weight in own_weights(model)) - routed + experts.passed(routed)
