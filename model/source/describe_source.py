"""Describes a model from its config, or from the metadata of its GGUF."""

import json
from pathlib import Path

import transformers
from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

from model.files.gguf_header import GgufHeader
from model.files.stand_ins import refuse_stand_in
from model.records.opening import Inspection
from model.request.errors import UserError
from model.source.config_checks import text_config

NO_TEXT = {"general", "tokenizer", "t5", "umt5"}
# Filled in once device and dtype are chosen.
UNDECIDED = {"device": "", "dtype": "", "download_bytes": 0, "memory_bytes": 0, "free_bytes": 0}


def _refuse_parts(name: str, header: GgufHeader) -> None:
    """Raises UserError for a GGUF that is something else than a model."""
    metadata = header.metadata
    kind, architecture = str(metadata.get("general.type", "model")), metadata.get("general.architecture")
    if kind == "adapter" or any(key.startswith("adapter.") for key in metadata):
        base = metadata.get("general.base_model.0.name")
        raise UserError(
            f"{name!r} is an adapter (LoRA), which is a change to a model and no model"
            f"{f': that is {base!r:.100}' if base else ''}. Merge both (llama.cpp's llama-export-lora does), or choose "
            "the model itself."
        )
    if kind == "mmproj" or architecture == "clip":
        raise UserError(
            f"{name!r} is the projector (mmproj) that gives images or sound to a language model. Choose the GGUF of "
            "the language model beside it."
        )
    if kind == "imatrix" or architecture == "imatrix":
        raise UserError(f"{name!r} is an importance matrix, made to quantise a model. Choose the model's own GGUF.")
    if kind == "vocab" or header.tensors == {}:
        raise UserError(f"{name!r} holds a vocabulary and no weights. Choose the GGUF of the whole model.")


def of_gguf(name: str, header: GgufHeader, revision: str, licence: str) -> Inspection:
    """A GGUF's description of itself. Raises UserError for an architecture that transformers cannot read."""
    _refuse_parts(name, header)
    metadata = header.metadata
    architecture = str(metadata.get("general.architecture", ""))
    name_here = architecture.replace("-", "_")
    if name_here in NO_TEXT or not {name_here, name_here.replace("moe", "_moe")} & set(GGUF_SUPPORTED_ARCHITECTURES):
        raise UserError(
            f"{name!r} is a GGUF of the architecture {architecture!r:.40}, which transformers "
            f"{transformers.__version__} cannot read. Choose the model's own repository with safetensors instead."
        )
    if int(metadata.get("split.count", 1) or 1) > 1:
        raise UserError(f"{name!r} is one part of a GGUF in several files. Choose one that is whole.")
    return Inspection(
        name=name,
        revision=revision,
        family=architecture,
        n_layers=int(metadata.get(f"{architecture}.block_count", 0)),
        n_parameters=header.parameters,
        context=int(metadata.get(f"{architecture}.context_length", 0)),
        licence=licence or str(metadata.get("general.license", "")),
        has_chat_template="tokenizer.chat_template" in metadata,
        **UNDECIDED,
    )


def of_config(name: str, config: dict, parameters: int, revision: str, licence: str, template: bool) -> Inspection:
    """A config's description of its model."""
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
    """Reads a JSON file that contains an object. Raises UserError for anything else."""
    try:
        refuse_stand_in(path)
        value = json.loads(path.read_text(encoding="utf-8"))
    except UserError:  # is a ValueError too, and says already what is wrong
        raise
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name} of {path.parent.name!r} cannot be read ({error}). Fetch it again.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path.name} of {path.parent.name!r} holds no object. Fetch it again.")
    return value
