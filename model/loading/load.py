"""Model id or folder to a LanguageModel: weights, tokenizer, anatomy, card; attention captured and verified."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from model.loading.check_model import verified
from model.loading.load_progress import reporting
from model.loading.measured_shape import measured
from model.network import capture
from model.network.anatomy import Anatomy, find_anatomy
from model.network.experts import n_active
from model.network.language_model import LanguageModel
from model.network.sublayers import sublayers
from model.records.run import ModelCard
from model.request.errors import Cancelled, UserError
from model.runtime.devices import AUTO, DTYPES, SPLIT, choose_device, choose_dtype
from model.tokens.vocabulary import read_vocabulary


def load(
    folder: Path,
    model_id: str,
    device: str = AUTO,
    dtype: str = AUTO,
    gguf_file: str = "",
    revision: str = "",
    report: Callable[[int, int], None] = lambda done, total: None,
) -> LanguageModel:
    """Loads a local folder, or a GGUF in it. Raises UserError, with the way out, when it cannot be had.

    Only safetensors and GGUF are read, no code from a repository is run, and the network is not asked.
    `report` hears how many of the weights are there; what it raises ends the work.
    """
    where = choose_device(device)
    wanted = {"trust_remote_code": False, "local_files_only": True, **({"gguf_file": gguf_file} if gguf_file else {})}
    weights = {} if gguf_file else {"use_safetensors": True}
    with _refused(model_id), reporting(report):
        tokenizer = with_offsets(AutoTokenizer.from_pretrained(folder, **wanted))
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=DTYPES[choose_dtype(dtype, where)],
            device_map="auto" if where == SPLIT else None,
            output_loading_info=True,
            **weights,
            **wanted,
        )
    _check_whole(model, found, model_id)
    return assemble(model if where == SPLIT else model.to(where), tokenizer, model_id, revision)


def read_tokenizer(folder: Path, model_id: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a local folder. Raises UserError when it cannot be had."""
    with _refused(model_id):
        return with_offsets(AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True))


def with_offsets(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerFast:
    """The tokenizer, if it tells offsets and how it cuts. Raises UserError for one in Python alone."""
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise UserError(
            f"its tokenizer, {type(tokenizer).__name__}, is written in Python alone and tells neither offsets nor "
            "how it cuts; a tokenizer.json is needed."
        )
    return tokenizer


@contextmanager
def _refused(model_id: str) -> Iterator[None]:
    try:
        yield
    except Cancelled:
        raise
    except Exception as error:  # whatever a file that somebody made may lead to
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(
            f"{model_id!r} cannot be loaded: {lines[0][:300]} Fetch it again, or choose another model."
        ) from error


def _check_whole(model: PreTrainedModel, found: dict, model_id: str) -> None:
    """Raises UserError where weights are made up by chance, or lie outside the memory they compute in."""
    missing = sorted(found.get("missing_keys") or ())
    if missing:
        raise UserError(
            f"{model_id!r} lacks {len(missing)} of its weights ({missing[0]}, …): it would compute with random "
            "numbers. Fetch it again, or choose another model."
        )
    places = set(map(str, getattr(model, "hf_device_map", {}).values()))
    if "disk" in places or ("cpu" in places and len(places) > 1):
        raise UserError(
            f"{model_id!r} does not fit into the devices of this machine: accelerate would leave part of it "
            f"outside ({', '.join(sorted(places))}). Choose a smaller dtype, the CPU, or a smaller model."
        )


def assemble(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, model_id: str, revision: str = ""
) -> LanguageModel:
    """Puts a loaded model and tokenizer together; the self-check chooses how attention is captured."""
    capture.register()
    model.eval()
    anatomy = find_anatomy(model)
    card = describe(model, tokenizer, anatomy, model_id, revision)
    lm = LanguageModel(model, tokenizer, read_vocabulary(tokenizer), anatomy, card, threading.Lock())
    return measured(verified(lm))


def describe(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, anatomy: Anatomy, model_id: str, revision: str
) -> ModelCard:
    """The model card, from the config and from the modules themselves; shapes of attention are measured later."""
    config = model.config.get_text_config()
    eos = model.generation_config.eos_token_id
    weight = anatomy.embed.weight
    n_heads = _number(config, "num_attention_heads")
    return ModelCard(
        model_id=model_id,
        revision=revision,
        family=config.model_type,
        n_layers=config.num_hidden_layers,
        n_heads=n_heads,
        n_kv_heads=_number(config, "num_key_value_heads") or n_heads,
        d_model=anatomy.d_model,
        d_embed=weight.shape[1],
        d_head=_number(config, "head_dim") or anatomy.d_model // max(n_heads, 1),
        d_mlp=_d_mlp(config, anatomy),
        n_vocab=weight.shape[0],
        n_parameters=sum(p.numel() for p in model.parameters()),
        n_active=n_active(model, anatomy),
        context=max(0, _number(config, "max_position_embeddings")),
        dtype=str(weight.dtype).removeprefix("torch."),
        device=", ".join(sorted({str(p.device) for p in model.parameters()})),
        position_kind=position_kind(model),
        tied_embeddings=anatomy.head.weight is weight,
        has_chat_template=bool(tokenizer.chat_template),
        tokenizer_kind=type(tokenizer.backend_tokenizer.model).__name__,
        eos_token_ids=tuple([eos] if isinstance(eos, int) else eos or ()),
    )


def _d_mlp(config: PreTrainedConfig, anatomy: Anatomy) -> int:
    """Neurons of an MLP; 0 where no block has one, as in most state-space models."""
    if not any(sublayers(block, config, anatomy.d_model).mlp for block in anatomy.blocks):
        return 0
    return _number(config, "intermediate_size") or 4 * anatomy.d_model


def _number(config: PreTrainedConfig, name: str) -> int:
    """A size from the config, 0 where it has none; where it differs from layer to layer, that of the first."""
    try:
        value = getattr(config, name, None)
    except RuntimeError:  # how transformers refuses to give one value for all layers
        value = getattr(config.per_layer_config[0], name, None)
    # Some give a list, an entry a layer.
    value = value[0] if isinstance(value, list | tuple) and value else value
    return value if isinstance(value, int) else 0


def position_kind(model: PreTrainedModel) -> str:
    """'rope' when a module holds rotary frequencies, 'learned' for a table of positions, else 'other'.

    Families with several kinds of layer keep their frequencies under a name a kind (full_attention_inv_freq); GPT-J
    holds none, but its config says how many dimensions turn.
    """
    config = model.config.get_text_config()
    if any(name.endswith("inv_freq") for name, _ in model.named_buffers()) or getattr(config, "rotary_dim", None):
        return "rope"
    context = getattr(config, "max_position_embeddings", 0)
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    if any(0 <= table.num_embeddings - context <= 2 for table in tables):
        return "learned"
    return "other"
