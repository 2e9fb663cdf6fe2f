"""Loads a folder as a LanguageModel: weights, tokenizer, anatomy, card, and verified capture of attention."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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

from model.capture import capture
from model.files.gguf_header import GgufHeader, read_gguf
from model.gguf.config import gguf_config
from model.gguf.tokenizer import GgufTokenizer, gguf_tokenizer
from model.loading.check_gguf import check_gguf
from model.loading.check_model import verify
from model.loading.for_inference import for_inference
from model.loading.load_progress import reporting
from model.loading.measured_shape import measure_shapes
from model.loading.sentencepiece_check import check_against_sentencepiece
from model.loading.weight_places import check_places, unused_in_gguf
from model.network.anatomy import Anatomy, find_anatomy
from model.network.experts import n_active
from model.network.language_model import LanguageModel
from model.network.sublayers import sublayers
from model.records.run import ModelCard
from model.request.errors import Cancelled, UserError
from model.runtime.devices import AUTO, DTYPES, SPLIT, choose_device, choose_dtype
from model.runtime.present import present
from model.tokens.template import template_of
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
    """Loads a local folder, or a GGUF in it. Raises UserError, with a way out, if that fails.

    Only safetensors and GGUF are read; no code from a repository is run, and the network is not used.
    `report(done, total)` receives the number of weights read; an exception from it ends the loading.
    """
    device = choose_device(device)
    source = _of_gguf(folder / gguf_file, model_id) if gguf_file else _of_folder(folder, model_id)
    with _load_errors(model_id), reporting(report):
        # With output_loading_info it gives a pair, which its annotation does not say.
        model, info = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportGeneralTypeIssues]
            folder,
            dtype=DTYPES[choose_dtype(dtype, device)],
            device_map="auto" if device == SPLIT else None,
            output_loading_info=True,
            trust_remote_code=False,
            local_files_only=True,
            **source.options,
        )
    _check_complete(model, info, model_id)
    unused = set(info.get("unexpected_keys") or ())
    if source.header:
        unused |= unused_in_gguf(model, source.header)
    places = check_places(model_id, unused, model.config.get_text_config().num_hidden_layers)
    lm = assemble(model if device == SPLIT else model.to(device), source.tokenizer, model_id, revision)
    lm = replace(lm, card=replace(lm.card, checks=(*lm.card.checks, *places)))
    if source.header is None:
        return lm
    return check_gguf(lm, folder / gguf_file, source.header, source.unplaced, present(source.made))


@dataclass(frozen=True, eq=False)
class _Source:
    """What is read before the weights: the tokenizer, and the options with which transformers reads the weights.

    Of a GGUF also its header, the values of it that nothing reads, and how its tokenizer was made.
    """

    tokenizer: PreTrainedTokenizerFast
    options: dict
    header: GgufHeader | None = None
    unplaced: tuple[str, ...] = ()
    made: GgufTokenizer | None = None


def _of_folder(folder: Path, model_id: str) -> _Source:
    return _Source(read_tokenizer(folder, model_id), {"use_safetensors": True})


def _of_gguf(path: Path, model_id: str) -> _Source:
    header = read_gguf(path)
    with _load_errors(model_id):
        read, made = gguf_config(path, header), gguf_tokenizer(path)
    options = {"gguf_file": path.name, "config": read.config}
    return _Source(made.tokenizer, options, header, read.unplaced, made)


def read_tokenizer(folder: Path, model_id: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a local folder. Raises UserError if it cannot be loaded."""
    with _load_errors(model_id):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        check_against_sentencepiece(with_offsets(tokenizer), folder)
        return tokenizer


def with_offsets(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerFast:
    """The tokenizer, if it provides offsets and its own description. Raises UserError for one written in Python."""
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise UserError(
            f"its tokenizer, {type(tokenizer).__name__}, is written in Python alone and tells neither offsets nor "
            "how it cuts; a tokenizer.json is needed."
        )
    return tokenizer


@contextmanager
def _load_errors(model_id: str) -> Iterator[None]:
    """Turns any exception except Cancelled into a UserError."""
    try:
        yield
    except Cancelled:
        raise
    except Exception as error:  # a third party's file can cause any exception
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(
            f"{model_id!r} cannot be loaded: {lines[0][:300]} Fetch it again, or choose another model."
        ) from error


def _check_complete(model: PreTrainedModel, info: dict, model_id: str) -> None:
    """Raises UserError if weights are missing (they would be random), or if some do not fit on the devices."""
    missing = sorted(info.get("missing_keys") or ())
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
    """Combines a loaded model with its tokenizer; the self-check chooses how attention is captured."""
    capture.register()
    for_inference(model, tokenizer)
    anatomy = find_anatomy(model)
    card = model_card(model, tokenizer, anatomy, model_id, revision)
    lm = LanguageModel(model, tokenizer, read_vocabulary(tokenizer), anatomy, card, threading.Lock())
    return measure_shapes(verify(lm))


def model_card(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, anatomy: Anatomy, model_id: str, revision: str
) -> ModelCard:
    """The model card, from the config and the modules; the shapes of attention are measured later."""
    config = model.config.get_text_config()
    eos = model.generation_config.eos_token_id
    weight = anatomy.embed_weight
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
        tied_embeddings=anatomy.head_weight is weight,
        has_chat_template=template_of(tokenizer) is not None,
        tokenizer_kind=type(tokenizer.backend_tokenizer.model).__name__,
        eos_token_ids=tuple([eos] if isinstance(eos, int) else eos or ()),
    )


def _d_mlp(config: PreTrainedConfig, anatomy: Anatomy) -> int:
    """The number of neurons of an MLP; 0 if no block has one, as in most state-space models."""
    if not any(sublayers(block, config, anatomy.d_model).mlp for block in anatomy.blocks):
        return 0
    return _number(config, "intermediate_size") or 4 * anatomy.d_model


def _number(config: PreTrainedConfig, name: str) -> int:
    """A size from the config, 0 if it is missing; if it differs between layers, that of the first layer."""
    try:
        value = getattr(config, name, None)
    except RuntimeError:  # raised by transformers if there is no single value for all layers
        value = getattr(config.per_layer_config[0], name, None)
    # Some configs have a list with one entry per layer.
    value = value[0] if isinstance(value, list | tuple) and value else value
    return value if isinstance(value, int) else 0


def position_kind(model: PreTrainedModel) -> str:
    """'rope' if a module has rotary frequencies, 'learned' if there is a table of positions, else 'other'.

    Families with several kinds of layer name their frequencies by kind (full_attention_inv_freq); GPT-J stores none,
    but its config has the number of rotated dimensions.
    """
    config = model.config.get_text_config()
    if any(name.endswith("inv_freq") for name, _ in model.named_buffers()) or getattr(config, "rotary_dim", None):
        return "rope"
    context = getattr(config, "max_position_embeddings", 0)
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    if any(0 <= table.num_embeddings - context <= 2 for table in tables):
        return "learned"
    return "other"
