"""A block to its sublayers: what mixes positions, the MLP with its experts, the norms. Found by structure."""

import re
from dataclasses import dataclass

from torch import nn
from transformers import PretrainedConfig

STATES = (
    (r"delta", "delta rule"),
    (r"lightning|linearatt|retention", "linear attention"),
    (r"rwkv", "wkv"),
    (r"recurrent|rglru|lstm", "recurrence"),
    (r"mamba|ssm|ssd", "state space"),
    (r"conv", "convolution"),
)
N_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
N_CHOSEN = ("num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_top_k", "moe_topk", "top_k_experts")


@dataclass(frozen=True, eq=False)
class Sublayers:
    """A block's modules by role. `mlp` has several where the matrices stand in the block itself (OPT).

    `mixers` come with their kind: 'attention', or one of STATES. Of `experts`, `routers` and `shared` a dense block
    has none.
    """

    block: nn.Module
    mixers: tuple[tuple[nn.Module, str], ...]
    mlp: tuple[nn.Module, ...]
    norms: tuple[nn.Module, ...]
    experts: tuple[nn.Module, ...]
    routers: tuple[nn.Module, ...]
    shared: tuple[nn.Module, ...]


def sublayers(block: nn.Module, config: PretrainedConfig, d_model: int) -> Sublayers:
    """The roles of a block's direct children; of its norms those as wide as the stream."""
    mixers, mlp = [], []
    for name, child in block.named_children():
        if is_norm(child) or not any(p.ndim > 1 for p in child.parameters()):
            continue
        kind = mixer_kind(name, child)
        if kind:
            mixers.append((child, kind))
        else:
            mlp.append(child)
    n_experts = first_number(config, N_EXPERTS)
    experts = tuple(m for part in mlp for m in _experts(part, n_experts))
    return Sublayers(
        block=block,
        mixers=tuple(mixers),
        mlp=tuple(mlp),
        norms=tuple(m for m in block.modules() if is_norm(m) and _width(m) in (d_model, 0)),
        experts=experts,
        routers=tuple(m for part in mlp for m in _routers(part, n_experts, d_model)) if experts else (),
        shared=tuple(m for part in mlp for name, m in part.named_children() if "shared" in name),
    )


def is_norm(module: nn.Module) -> bool:
    """A module that calls itself a norm and holds no matrix."""
    return "norm" in type(module).__name__.lower() and all(p.ndim < 2 for p in module.parameters())


def mixer_kind(name: str, module: nn.Module) -> str:
    """'attention', one of STATES, or '' for what works on each position alone: by its names and its A matrix."""
    named = f"{name} {type(module).__name__}".lower()
    if re.search("mlp|feed_?forward|ffn", named):
        return ""
    for pattern, kind in STATES:
        if re.search(pattern, named):
            return kind
    if any(path.endswith("A_log") for path, _ in module.named_parameters()):
        return "state space"
    return "attention" if re.search("attention|attn", named) else ""


def first_number(config: PretrainedConfig, names: tuple[str, ...]) -> int:
    """The first of these settings that is a number; 0 where none is."""
    values = (getattr(config, name, None) for name in names)
    return next((value for value in values if isinstance(value, int) and value > 0), 0)


def _experts(part: nn.Module, n_experts: int) -> list[nn.Module]:
    """Modules that hold all experts: one 3-d weight, or a list of as many modules."""
    if not n_experts:
        return []
    found = []
    for name, module in part.named_modules():
        named = "expert" in name.rsplit(".", 1)[-1].lower() or "expert" in type(module).__name__.lower()
        stacked = any(p.ndim == 3 and p.shape[0] == n_experts for p in module.parameters(recurse=False))
        listed = isinstance(module, nn.ModuleList) and len(module) == n_experts
        if named and (stacked or listed):
            found.append(module)
    return found


def _routers(part: nn.Module, n_experts: int, d_model: int) -> list[nn.Module]:
    """The outermost module with a matrix from the stream to one number an expert."""
    found = []
    for module in part.children():
        shapes = [tuple(p.shape) for p in module.parameters()]
        if (n_experts, d_model) in shapes and all(len(shape) < 3 for shape in shapes) and len(shapes) < 5:
            found.append(module)
    return found


def _width(norm: nn.Module) -> int:
    return max((p.numel() for p in norm.parameters()), default=0)
