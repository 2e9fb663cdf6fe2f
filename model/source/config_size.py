"""Counts the parameters of a config's model without allocating any, by building it on the meta device."""

import re
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.initialization import meta_device_safe_creation_ops

from model.request.errors import UserError


def check_parameters(name: str, folder: Path, in_files: int, gguf_file: str = "") -> int:
    """The number of parameters that loading allocates. Raises UserError if the config needs more than the files have.

    transformers allocates missing weights at the config's size, so a small file with a large config could exhaust the
    memory. Sizes are compared, not names: families rename, split and join tensors while loading.
    """
    model = _on_meta(folder, gguf_file)
    if model is None:
        return in_files
    n_parameters = sum(p.numel() for p in model.parameters())
    needed = n_parameters - _optional_parameters(model)
    if needed > in_files:
        raise UserError(
            f"{name!r} lacks some of its weights: its config asks for {needed:,} parameters, its files hold "
            f"{in_files:,}. It would compute with random numbers. Fetch it again, or choose another model."
        )
    return n_parameters


def _on_meta(folder: Path, gguf_file: str) -> PreTrainedModel | None:
    """The model without memory, tied weights once; None if it cannot be built, for then loading will say why."""
    gguf = {"gguf_file": gguf_file} if gguf_file else {}
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **gguf)
        # from_config sets the default dtype of the whole process; float32 leaves it unchanged.
        with torch.device("meta"), meta_device_safe_creation_ops():
            return AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    except Exception:  # a third party's config can cause any exception
        return None


def _optional_parameters(model: PreTrainedModel) -> int:
    """The number of parameters that this family's files may omit."""
    patterns = model._keys_to_ignore_on_load_missing or ()
    optional = re.compile("|".join(f"({pattern})" for pattern in patterns))
    return sum(p.numel() for key, p in model.named_parameters() if patterns and optional.search(key))
