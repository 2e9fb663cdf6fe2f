"""Finds the parts of a transformer by structure, not by a table of names per family."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from model.request.errors import UserError


@dataclass(frozen=True)
class Anatomy:
    """The modules that the stages read, and the width of the residual stream.

    `embed.weight` is (vocab, d_embed). If d_embed is not d_model, a matrix projects between them (opt-350m).
    """

    embed: nn.Module
    blocks: nn.ModuleList
    head: nn.Module
    d_model: int

    @property
    def embed_weight(self) -> Tensor:
        """One row per token: (vocab, d_embed)."""
        return weight_of(self.embed)

    @property
    def head_weight(self) -> Tensor:
        """The unembedding, one row per token: (vocab, d_embed)."""
        return weight_of(self.head)


def weight_of(module: nn.Module) -> Tensor:
    """The module's own matrix."""
    weight = module.weight
    assert isinstance(weight, Tensor), f"{type(module).__name__} has no weight"
    return weight


def find_anatomy(model: nn.Module) -> Anatomy:
    """Finds embedding, blocks and unembedding. Raises UserError if the model lacks one of them."""
    # What transformers adds to a module, which torch types as a tensor or a module.
    own: Any = model
    embed, head = own.get_input_embeddings(), own.get_output_embeddings()
    config = own.config.get_text_config()
    n_layers = getattr(config, "num_hidden_layers", 0)
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers > 0]
    missing = [name for name, part in (("embedding", embed), ("head", head), ("blocks", lists)) if not part]
    if missing or head is None:
        family = own.config.model_type
        raise UserError(
            f"{family!r} has no {missing[0]} that could be found, so it cannot be walked through. "
            "Choose a causal language model."
        )
    width = getattr(config, "hidden_size", None)
    d_model = width if isinstance(width, int) else weight_of(embed).shape[1]
    return Anatomy(embed=embed, blocks=_nearest(model, embed, lists), head=head, d_model=d_model)


def _nearest(model: nn.Module, embed: nn.Module, lists: list[nn.ModuleList]) -> nn.ModuleList:
    """The list of blocks that shares the smallest enclosing module with the embedding.

    Other lists may belong to a vision tower. Ties go to the least nested list, then to the last one, because a vision
    tower is built first. A list inside a block (its experts) does not count.
    """
    inside = {part for blocks in lists for part in blocks.modules() if part is not blocks}
    outer = [blocks for blocks in lists if blocks not in inside]
    enclosing = [parts for module in model.modules() if embed in (parts := set(module.modules()))]
    depth = {module: name.count(".") for name, module in model.named_modules()}
    return min(
        reversed(outer), key=lambda blocks: (min(len(parts) for parts in enclosing if blocks in parts), depth[blocks])
    )
