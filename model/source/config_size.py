"""A config to how many parameters its model has, before a byte is allocated for one: built on the meta device."""

import re
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.initialization import meta_device_safe_creation_ops

from model.request.errors import UserError


def check_parameters(name: str, folder: Path, in_files: int, gguf_file: str = "") -> int:
    """The parameters that loading allocates. Raises UserError where the config asks for more than the files hold.

    transformers allocates what files lack at the config's size, so a small file with a large config takes any memory.
    Sizes are compared, not names: families rename, split and join tensors as they are loaded.
    """
    model = _on_meta(folder, gguf_file)
    if model is None:
        return in_files
    n_parameters = sum(p.numel() for p in model.parameters())
    needed = n_parameters - _made_on_load(model)
    if needed > in_files:
        raise UserError(
            f"{name!r} lacks some of its weights: its config asks for {needed:,} parameters, its files hold "
            f"{in_files:,}. It would compute with random numbers. Fetch it again, or choose another model."
        )
    return n_parameters


def _on_meta(folder: Path, gguf_file: str) -> PreTrainedModel | None:
    """The model without memory, tied weights once; None where it cannot be built: loading it will say why."""
    named = {"gguf_file": gguf_file} if gguf_file else {}
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **named)
        # The default dtype is the whole process's: float32 leaves it as it is.
        with torch.device("meta"), meta_device_safe_creation_ops():
            return AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    except Exception:  # whatever a config that somebody wrote may lead to
        return None


def _made_on_load(model: PreTrainedModel) -> int:
    """Parameters that this family's files may lack."""
    patterns = model._keys_to_ignore_on_load_missing or ()
    spared = re.compile("|".join(f"({pattern})" for pattern in patterns))
    return sum(p.numel() for key, p in model.named_parameters() if patterns and spared.search(key))
