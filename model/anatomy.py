"""Where the parts of a transformer live: found by structure, not by a table of names per family."""

from dataclasses import dataclass

from torch import nn

from model.errors import UserError


@dataclass(frozen=True)
class Anatomy:
    """The modules the stages look at. `embed.weight` is (vocab, d_model)."""

    embed: nn.Module
    blocks: nn.ModuleList
    head: nn.Module


def find_anatomy(model: nn.Module) -> Anatomy:
    """Finds embedding, blocks and unembedding. Raises UserError when the model has no such parts."""
    embed, head = model.get_input_embeddings(), model.get_output_embeddings()
    n_layers = model.config.get_text_config().num_hidden_layers
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers]
    missing = [name for name, part in (("embedding", embed), ("head", head), ("blocks", lists)) if not part]
    if missing:
        family = model.config.model_type
        raise UserError(
            f"{family!r} has no {missing[0]} that could be found, so it cannot be walked through. "
            "Choose a causal language model."
        )
    return Anatomy(embed=embed, blocks=lists[0], head=head)
