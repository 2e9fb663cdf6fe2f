"""Splits a block by structure into its sublayers: mixers of positions, MLP with experts, norms."""

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
ACTIVATIONS = ("hidden_act", "hidden_activation", "activation_function", "activation", "hidden_function")
N_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
N_CHOSEN = ("num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_top_k", "moe_topk", "top_k_experts")


@dataclass(frozen=True, eq=False)
class Sublayers:
    """A block's modules by role. `mlp` has several modules if the matrices are children of the block itself (OPT).

    `mixers` come with their kind: 'attention', or one of STATES. A dense block has no `experts`, `routers` or `shared`.
    """

    block: nn.Module
    mixers: tuple[tuple[nn.Module, str], ...]
    mlp: tuple[nn.Module, ...]
    norms: tuple[nn.Module, ...]
    experts: tuple[nn.Module, ...]
    routers: tuple[nn.Module, ...]
    shared: tuple[nn.Module, ...]


def sublayers(block: nn.Module, config: PretrainedConfig, d_model: int) -> Sublayers:
    """The roles of a block's direct children, and its norms that are as wide as the stream."""
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
    """Whether a module is named a norm and has no matrix."""
    return "norm" in type(module).__name__.lower() and all(p.ndim < 2 for p in module.parameters())


def mixer_kind(name: str, module: nn.Module) -> str:
    """'attention', one of STATES, or '' for a module that processes each position alone; by its names and A matrix."""
    names = f"{name} {type(module).__name__}".lower()
    if re.search("mlp|feed_?forward|ffn", names):
        return ""
    for pattern, kind in STATES:
        if re.search(pattern, names):
            return kind
    if any(path.endswith("A_log") for path, _ in module.named_parameters()):
        return "state space"
    return "attention" if re.search("attention|attn", names) else ""


def first_number(config: PretrainedConfig, names: tuple[str, ...]) -> int:
    """The first of these settings that is a positive integer; 0 if none is."""
    values = (getattr(config, name, None) for name in names)
    return next((value for value in values if isinstance(value, int) and value > 0), 0)


def _experts(part: nn.Module, n_experts: int) -> list[nn.Module]:
    """Modules that contain all experts: as one 3-d weight, or as a list of `n_experts` modules."""
    if not n_experts:
        return []
    experts = []
    for name, module in part.named_modules():
        has_name = "expert" in name.rsplit(".", 1)[-1].lower() or "expert" in type(module).__name__.lower()
        is_stack = any(p.ndim == 3 and p.shape[0] == n_experts for p in module.parameters(recurse=False))
        is_list = isinstance(module, nn.ModuleList) and len(module) == n_experts
        if has_name and (is_stack or is_list):
            experts.append(module)
    return experts


def _routers(part: nn.Module, n_experts: int, d_model: int) -> list[nn.Module]:
    """The outermost modules with a matrix that maps the stream to one number per expert."""
    routers = []
    for module in part.children():
        shapes = [tuple(p.shape) for p in module.parameters()]
        if (n_experts, d_model) in shapes and all(len(shape) < 3 for shape in shapes) and len(shapes) < 5:
            routers.append(module)
    return routers


def _width(norm: nn.Module) -> int:
    return max((p.numel() for p in norm.parameters()), default=0)
