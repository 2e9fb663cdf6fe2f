"""Describes a block's MLP or experts; whether they are gated follows from the sizes of the matrices."""

from collections.abc import Iterable

from torch import Tensor, nn

from model.network.language_model import LanguageModel
from model.network.sublayers import ACTIVATIONS, N_CHOSEN, N_EXPERTS, Sublayers, first_number
from model.records.architecture import Mlp


def describe_mlp(lm: LanguageModel, layer: Sublayers) -> Mlp | None:
    """Describes the MLP of a layer; None if it has none."""
    if not layer.mlp:
        return None
    d_model, config = lm.card.d_model, lm.model.config.get_text_config()
    if not layer.experts:
        kind, width = _kind([p for part in layer.mlp for p in part.parameters() if p.ndim == 2], d_model)
        return Mlp(kind, type(layer.mlp[0]).__name__, _activation(lm, layer), width)
    n_experts = first_number(config, N_EXPERTS)
    lists = [m for m in layer.experts if isinstance(m, nn.ModuleList)]
    weights = (
        lists[0][0].parameters()
        if lists
        else (p[0] for m in layer.experts for p in m.parameters(recurse=False) if p.ndim == 3)
    )
    kind, width = _kind([p for p in weights if p.ndim == 2], d_model)
    shared = [p for m in layer.shared for p in m.parameters() if p.ndim == 2 and p.shape[0] > 1]
    return Mlp(
        kind=kind,
        module=type(layer.mlp[0]).__name__,
        activation=_activation(lm, layer),
        d_hidden=width,
        n_experts=n_experts,
        n_chosen=next((vars(r)["top_k"] for r in layer.routers if "top_k" in vars(r)), first_number(config, N_CHOSEN)),
        d_shared=_kind(shared, d_model)[1] if shared else 0,
    )


def _kind(matrices: Iterable[Tensor], d_model: int) -> tuple[str, int]:
    """The kind and hidden width: 'gated' if the matrices have the numbers of three of that width, 'plain' if of two."""
    sizes = [p.numel() // d_model for p in matrices]
    if not sizes:
        return "other", 0
    width = min(sizes)
    return {2 * width: "plain", 3 * width: "gated"}.get(sum(sizes), "other"), width if sum(sizes) in (
        2 * width,
        3 * width,
    ) else max(sizes)


def _activation(lm: LanguageModel, layer: Sublayers) -> str:
    """The activation's name: from a module that is one, or else from the config."""
    modules = [m for part in (*layer.mlp, layer.block) for m in part.modules() if not list(m.children())]
    names = [type(m).__name__ for m in modules if not list(m.parameters()) and _is_activation(m)]
    if names:
        return names[0]
    config = lm.model.config.get_text_config()
    return next((value for name in ACTIVATIONS if isinstance(value := getattr(config, name, None), str)), "")


def _is_activation(module: nn.Module) -> bool:
    own = (type(module).__module__ or "").endswith(("activations", "modules.activation"))
    return own or "gelu" in type(module).__name__.lower()
