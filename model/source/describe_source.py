"""A model's config, or its GGUF's metadata, to the record of what it is."""

import json
from pathlib import Path

import transformers
from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

from model.records.opening import Inspection
from model.request.errors import UserError
from model.source.config_checks import text_config
from model.source.weight_files import Weights

NO_TEXT = {"general", "tokenizer", "t5", "umt5"}
# Known when it is decided where the model computes.
UNDECIDED = {"device": "", "dtype": "", "download_bytes": 0, "memory_bytes": 0, "free_bytes": 0}


def of_gguf(name: str, weights: Weights, revision: str, licence: str) -> Inspection:
    """What a GGUF says of itself. Raises UserError for an architecture that transformers reads none of."""
    said = weights.metadata
    architecture = str(said.get("general.architecture", ""))
    written = architecture.replace("-", "_")
    if written in NO_TEXT or not {written, written.replace("moe", "_moe")} & set(GGUF_SUPPORTED_ARCHITECTURES):
        raise UserError(
            f"{name!r} is a GGUF of the architecture {architecture!r:.40}, which transformers "
            f"{transformers.__version__} cannot read. Choose the model's own repository with safetensors instead."
        )
    if int(said.get("split.count", 1) or 1) > 1:
        raise UserError(f"{name!r} is one part of a GGUF in several files. Choose one that is whole.")
    return Inspection(
        name=name,
        revision=revision,
        family=architecture,
        n_layers=int(said.get(f"{architecture}.block_count", 0)),
        n_parameters=weights.parameters,
        context=int(said.get(f"{architecture}.context_length", 0)),
        licence=licence or str(said.get("general.license", "")),
        has_chat_template="tokenizer.chat_template" in said,
        **UNDECIDED,
    )


def of_config(name: str, config: dict, parameters: int, revision: str, licence: str, template: bool) -> Inspection:
    """What a config says of its model."""
    text = text_config(config)

    def number(*keys: str) -> int:
        return next((text[key] for key in keys if isinstance(text.get(key), int)), 0)

    return Inspection(
        name=name,
        revision=revision,
        family=str(config["model_type"]),
        n_layers=number("num_hidden_layers", "n_layer"),
        n_parameters=parameters,
        context=number("max_position_embeddings", "n_positions"),
        licence=licence,
        has_chat_template=template,
        **UNDECIDED,
    )


def read_object(path: Path) -> dict:
    """A JSON file that holds an object. Raises UserError for anything else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name} of {path.parent.name!r} cannot be read ({error}). Fetch it again.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path.name} of {path.parent.name!r} holds no object. Fetch it again.")
    return value
