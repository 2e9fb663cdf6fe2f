"""Model id or folder to a LanguageModel: weights, tokenizer, anatomy, card; attention captured and verified."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from model import capture
from model.anatomy import Anatomy, find_anatomy
from model.errors import UserError
from model.language_model import LanguageModel
from model.records import ModelCard
from model.selfcheck import verified
from model.vocabulary import read_vocabulary

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """'auto' takes CUDA, then MPS, then the CPU. Raises UserError for a device this machine lacks."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(n for n in ("cuda", "mps", "cpu") if available[n])
    if not available.get(name, False):
        here = ", ".join(n for n, there in available.items() if there)
        raise UserError(f"Device {name!r} is not on this machine. Available: {here}. Use --device auto.")
    return torch.device(name)


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """'auto' is float32 on the CPU, where bf16 is slow and less exact, and bfloat16 elsewhere."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    if name not in DTYPES:
        raise UserError(f"dtype {name!r} is unknown. Choose one of: auto, {', '.join(DTYPES)}.")
    return DTYPES[name]


def load(source: str | Path, model_id: str, device: str = "auto", dtype: str = "auto") -> LanguageModel:
    """Loads a local folder or a Hub id. Raises UserError, with the way out, when it cannot be had.

    Only safetensors are read and no code from a repository is run.
    """
    where = choose_device(device)
    tokenizer = read_tokenizer(source, model_id)
    model = read_weights(source, model_id, choose_dtype(dtype, where))
    return assemble(model.to(where), tokenizer, model_id)


def read_tokenizer(source: str | Path, model_id: str) -> PreTrainedTokenizerFast:
    """A model's tokenizer. Raises UserError when it cannot be had."""
    with _refused(model_id):
        return AutoTokenizer.from_pretrained(source, trust_remote_code=False)


def read_weights(source: str | Path, model_id: str, dtype: torch.dtype) -> PreTrainedModel:
    """A model with its weights, on the CPU. Raises UserError when it cannot be had."""
    with _refused(model_id):
        return AutoModelForCausalLM.from_pretrained(source, dtype=dtype, use_safetensors=True, trust_remote_code=False)


def count_parameters(source: str | Path, model_id: str) -> int:
    """How many parameters a model has, from its config alone: no weight is fetched. Raises UserError without one."""
    with _refused(model_id):
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    return sum(p.numel() for p in model.parameters())


@contextmanager
def _refused(model_id: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise UserError(
            f"The model {model_id!r} cannot be loaded: {reason} Check the name, the network, or use "
            "a local folder that holds safetensors."
        ) from error


def assemble(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, model_id: str) -> LanguageModel:
    """Puts a loaded model and tokenizer together; the self-check chooses how attention is captured."""
    capture.register()
    model.eval()
    anatomy = find_anatomy(model)
    card = describe(model, tokenizer, anatomy, model_id)
    return verified(LanguageModel(model, tokenizer, read_vocabulary(tokenizer), anatomy, card, threading.Lock()))


def describe(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, anatomy: Anatomy, model_id: str) -> ModelCard:
    """The model card, from the config and from the modules themselves."""
    config = model.config.get_text_config()
    eos = model.generation_config.eos_token_id
    weight = anatomy.embed.weight
    n_heads = getattr(config, "num_attention_heads", None) or 0
    return ModelCard(
        model_id=model_id,
        revision=getattr(config, "_commit_hash", None) or "",
        family=config.model_type,
        n_layers=config.num_hidden_layers,
        n_heads=n_heads,
        n_kv_heads=getattr(config, "num_key_value_heads", None) or n_heads,
        d_model=weight.shape[1],
        d_head=getattr(config, "head_dim", None) or config.hidden_size // max(n_heads, 1),
        d_mlp=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        n_vocab=weight.shape[0],
        n_parameters=sum(p.numel() for p in model.parameters()),
        context=getattr(config, "max_position_embeddings", None) or 0,
        dtype=str(weight.dtype).removeprefix("torch."),
        device=str(weight.device),
        position_kind=position_kind(model),
        tied_embeddings=anatomy.head.weight is weight,
        has_chat_template=bool(tokenizer.chat_template),
        tokenizer_kind=type(tokenizer.backend_tokenizer.model).__name__,
        eos_token_ids=tuple([eos] if isinstance(eos, int) else eos or ()),
    )


def position_kind(model: PreTrainedModel) -> str:
    """'rope' when a module holds rotary frequencies, 'learned' for a table of positions, else 'other'."""
    if any(hasattr(module, "inv_freq") for module in model.modules()):
        return "rope"
    context = getattr(model.config.get_text_config(), "max_position_embeddings", 0)
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    if any(0 <= table.num_embeddings - context <= 2 for table in tables):
        return "learned"
    return "other"
