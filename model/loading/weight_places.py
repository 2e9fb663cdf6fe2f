"""What becomes of weights that a model has no place for: harmless ones are listed, others refused.

A weight that is left out may change every number: a scale of fp8, a bias, a layer more than the config says.
"""

import re
from collections.abc import Iterable

from transformers import PreTrainedModel
from transformers.integrations.gguf.gguf_config_mapping import GGUF_CONFIG_ARCHS
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from model.files.gguf_header import GgufHeader
from model.gguf.rope import FACTORS
from model.records.run import Check
from model.request.errors import UserError

NAME = "weights: each has a place"
# Computed anew from the config, or used for other purposes than the next token.
HARMLESS = re.compile(
    r"rotary_emb\.|inv_freq|position_ids$|masked_bias$|\.attn\.bias$|\.attention\.bias$|^(model\.)?mtp\.|^nextn\."
)
# Inside a layer, or beside the layers and read by every token.
CHANGES = re.compile(
    r"(^|\.)(layers?|h|blocks?|blk|lm_head|embed\w*|wte|wpe|\w*norm\w*|ln_f)\.|scale|lora_|zero|qweight"
)
LAYER = re.compile(r"(?:layers?|h|blocks?|blk)\.(\d+)\.")


def check_places(model_id: str, unused: Iterable[str], n_layers: int) -> tuple[Check, ...]:
    """A check that lists unused weights, none if there are none. Raises UserError if one changes the output."""
    names = sorted(unused)
    changing = [name for name in names if not HARMLESS.search(name) and CHANGES.search(name)]
    if changing:
        beyond = [int(found[1]) for name in changing if (found := LAYER.search(name))]
        layers = (
            f" Its config says {n_layers} layers, its files hold layer {max(beyond)}."
            if beyond and max(beyond) >= n_layers
            else ""
        )
        raise UserError(
            f"{model_id!r} has {len(changing)} weights without a place in its model ({changing[0]:.80}, …): without "
            f"them it would compute other numbers.{layers} Repair its config.json (quantization_config, number of "
            "layers), or choose another copy of the model."
        )
    if not names:
        return ()
    strange = [name for name in names if not HARMLESS.search(name)]
    how = "not used, and no part of the next token's numbers" if not strange else "not used, for a purpose unknown here"
    return (Check(NAME, float(len(strange)), 0.0, f"{how}: {', '.join((strange or names)[:8]):.300}"),)


def unused_in_gguf(model: PreTrainedModel, header: GgufHeader) -> set[str]:
    """Names of tensors that transformers' older reader of GGUF leaves out without a word."""
    architecture = str(header.metadata["general.architecture"])
    if architecture in GGUF_CONFIG_ARCHS:  # its newer reader reports them as unexpected keys
        return set()
    processor = TENSOR_PROCESSORS.get(architecture, TensorProcessor)(config=model.config.to_dict())
    placed = get_gguf_hf_weights_map(model, processor)
    return {name for name in header.tensors or {} if name not in placed and name not in FACTORS}
