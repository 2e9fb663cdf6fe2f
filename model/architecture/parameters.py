"""Parameters and bytes by part, counted from the modules' own tensors; tied tensors count once."""

import re

import numpy as np
from torch import nn

from model.network.experts import experts_of, unique_weights
from model.network.language_model import LanguageModel
from model.network.sublayers import Sublayers, is_norm
from model.records.architecture import PARTS, Parameters


def parameters(lm: LanguageModel, layers: tuple[Sublayers, ...]) -> Parameters:
    """Counts every tensor of the model under the part that owns it, in total and by block."""
    owners = _owners(lm, layers)
    layer_of = {id(module): index for index, block in enumerate(lm.anatomy.blocks) for module in block.modules()}
    experts = experts_of(lm.model, lm.anatomy)
    total, active, size = (np.zeros(len(PARTS), np.int64) for _ in range(3))
    by_layer = np.zeros((len(layers), len(PARTS)), np.int64)
    for module, weight in unique_weights(lm.model):
        part = PARTS.index(owners.get(id(module), "other"))
        total[part] += weight.numel()
        size[part] += weight.nbytes
        active[part] += experts.used_part(weight.numel()) if id(module) in experts.modules else weight.numel()
        if id(module) in layer_of:
            by_layer[layer_of[id(module)], part] += weight.numel()
    return Parameters(PARTS, total, active, size, by_layer, sum(p.numel() for p in lm.model.parameters()))


def _owners(lm: LanguageModel, layers: tuple[Sublayers, ...]) -> dict[int, str]:
    """From module ids to parts; later assignments are more specific and override earlier ones."""
    owners: dict[int, str] = {}

    def assign(part: str, *roots: nn.Module) -> None:
        owners.update({id(module): part for root in roots for module in root.modules()})

    for name, module in lm.model.named_modules():
        if isinstance(module, nn.Embedding) and is_positions(name, module, lm):
            assign("positions", module)
    assign("unembedding", lm.anatomy.head)
    assign("embedding", lm.anatomy.embed)
    for layer in layers:
        for mixer, kind in layer.mixers:
            assign("attention" if kind == "attention" else "state", mixer)
        for part, roots in (
            ("mlp", layer.mlp),
            ("experts", layer.experts),
            ("shared", layer.shared),
            ("router", layer.routers),
        ):
            assign(part, *roots)
    assign("norms", *(module for module in lm.model.modules() if is_norm(module)))
    return owners


def is_positions(name: str, table: nn.Embedding, lm: LanguageModel) -> bool:
    """Whether a table is one of positions, by its name or by its number of rows."""
    has_name = re.search(r"pos|wpe", name.rsplit(".", 1)[-1].lower()) or "position" in type(table).__name__.lower()
    return table is not lm.anatomy.embed and bool(has_name or 0 <= table.num_embeddings - lm.card.context <= 2)
