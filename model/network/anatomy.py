"""Where the parts of a transformer live: found by structure, not by a table of names per family."""

from dataclasses import dataclass

from torch import nn

from model.request.errors import UserError


@dataclass(frozen=True)
class Anatomy:
    """The modules the stages look at, and the width of the stream between the blocks.

    `embed.weight` is (vocab, d_embed). Where that is not d_model, a matrix stands between the two (opt-350m).
    """

    embed: nn.Module
    blocks: nn.ModuleList
    head: nn.Module
    d_model: int


def find_anatomy(model: nn.Module) -> Anatomy:
    """Finds embedding, blocks and unembedding. Raises UserError when the model has no such parts."""
    embed, head = model.get_input_embeddings(), model.get_output_embeddings()
    config = model.config.get_text_config()
    n_layers = getattr(config, "num_hidden_layers", 0)
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers > 0]
    missing = [name for name, part in (("embedding", embed), ("head", head), ("blocks", lists)) if not part]
    if missing:
        family = model.config.model_type
        raise UserError(
            f"{family!r} has no {missing[0]} that could be found, so it cannot be walked through. "
            "Choose a causal language model."
        )
    width = getattr(config, "hidden_size", None)
    d_model = width if isinstance(width, int) else embed.weight.shape[1]
    return Anatomy(embed=embed, blocks=_nearest(model, embed, lists), head=head, d_model=d_model)


def _nearest(model: nn.Module, embed: nn.Module, lists: list[nn.ModuleList]) -> nn.ModuleList:
    """The list of blocks that shares the smallest module with the embedding: a vision tower has one of its own.

    Of equals, the one that is nested least, and the last, as a vision tower is built first; a list inside a block
    (its experts) does not count.
    """
    inside = {part for blocks in lists for part in blocks.modules() if part is not blocks}
    outer = [blocks for blocks in lists if blocks not in inside]
    around = [found for module in model.modules() if embed in (found := set(module.modules()))]
    depth = {module: name.count(".") for name, module in model.named_modules()}
    return min(
        reversed(outer), key=lambda blocks: (min(len(found) for found in around if blocks in found), depth[blocks])
    )
