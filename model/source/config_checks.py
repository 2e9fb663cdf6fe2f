"""Decides from a model's config.json and list of files whether this page can open it; weights are not read."""

from typing import NoReturn

import transformers

# The mapping by names loads no module of a family.
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES  # pyright: ignore[reportPrivateImportUsage]
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from model.request.errors import UserError

MOST_LAYERS = 1000
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_blocks", "decoder_layers")
TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")
CAUSAL = ("ForCausalLM", "LMHeadModel")


def check_config(name: str, config: dict) -> None:
    """Raises UserError, with the reason and a way out, unless this is a causal language model of transformers."""
    family = config.get("model_type")
    architecture = _architecture(config)
    if not isinstance(family, str) or not family:
        raise UserError(f"{name!r} has a config.json without model_type, so it is no model of transformers. {_OTHER}")
    if family not in CONFIG_MAPPING_NAMES:
        if config.get("auto_map"):
            raise UserError(
                f"{name!r} needs code from its own repository (trust_remote_code), and this page never runs any. "
                "Choose a model whose architecture transformers has itself."
            )
        raise UserError(
            f"{name!r} has the architecture {family!r:.60}, which transformers {transformers.__version__} does not "
            "know. Update transformers, or choose another model."
        )
    causal = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(family)
    own = (causal,) if isinstance(causal, str) else tuple(causal or ())
    if config.get("is_encoder_decoder"):
        raise UserError(f"{name!r} is an encoder-decoder ({architecture or family}), not a causal model. {_OTHER}")
    if not own or not _continues_text(architecture, own):
        raise UserError(f"{name!r} is no causal language model but {architecture or family}. {_OTHER}")
    if method := _quantised_by(config):
        raise UserError(
            f"{name!r} has weights quantised by {method:.40}, which need kernels this page does not bring. Choose the "
            "unquantised model, or a GGUF of it."
        )
    for layers in (text_config(config).get(key) for key in LAYERS):
        if layers is not None and (not isinstance(layers, int) or not 0 < layers <= MOST_LAYERS):
            raise UserError(f"{name!r} claims {layers!r:.40} layers; from 1 to {MOST_LAYERS:,} can be opened. {_OTHER}")


_OTHER = "Choose a causal language model, such as those of the list."


def _architecture(config: dict) -> str:
    named = config.get("architectures")
    return str(named[0]) if isinstance(named, list) and named else ""


def _continues_text(architecture: str, own: tuple[str, ...]) -> bool:
    """Whether the saved class is the one that continues text; the one of the same family with images is another."""
    if not architecture:
        return own[0].endswith(CAUSAL)
    return architecture.endswith(CAUSAL)


def _quantised_by(config: dict) -> str:
    """What quantised the weights; empty if nothing did. MLX writes `quantization` alone, or both without a method."""
    for key in ("quantization_config", "quantization"):
        settings = config.get(key)
        if not settings:
            continue
        if not isinstance(settings, dict):
            return str(settings)
        if method := settings.get("quant_method"):
            return str(method)
        return f"MLX ({settings['bits']} bits)" if {"bits", "group_size"} <= settings.keys() else "an unknown method"
    return ""


def text_config(config: dict) -> dict:
    """The part of a config that describes the language model."""
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) else config


def refuse_without_config(name: str, files: dict[str, int] | set[str], adapter: dict) -> NoReturn:
    """Raises UserError for files without a config.json: an adapter (`adapter` is its config), GGUFs, or no model."""
    _refuse_adapter(name, files, adapter)
    _refuse_ggufs(name, files)
    raise UserError(f"{name!r} has no config.json, so it holds no model of transformers. Choose another.")


def _refuse_adapter(name: str, files: dict[str, int] | set[str], adapter: dict) -> None:
    if adapter or any(file.startswith("adapter_model.") for file in files):
        base = str(adapter.get("base_model_name_or_path") or "")
        raise UserError(
            f"{name!r} holds an adapter ({str(adapter.get('peft_type') or 'LoRA'):.20}), which is a change to a model "
            f"and no model{f': that is {base!r:.100}' if base else ''}. Merge both (merge_and_unload of peft) and save "
            "the result, or choose the model itself."
        )


def _refuse_ggufs(name: str, files: dict[str, int] | set[str]) -> None:
    ggufs = sorted(file for file in files if file.endswith(".gguf"))
    if ggufs:
        raise UserError(f"{name!r} holds GGUF files. Name one of them, such as {name}/{ggufs[0]}.")


def check_files(name: str, files: dict[str, int] | set[str]) -> None:
    """Raises UserError if the weights are pickled or missing, or if there is no tokenizer."""
    if not any(file in files for file in TOKENIZERS):
        raise UserError(
            f"{name!r} has no tokenizer ({', '.join(TOKENIZERS[:3])}, …). Choose a repository that holds one."
        )
    if any(_is_weights(file) for file in files):
        return
    if any(file.endswith(PICKLES) for file in files):
        raise UserError(
            f"{name!r} has its weights only as pickle, which can run code when it is read. Name a revision that has "
            "safetensors (the Hub's converter leaves one as refs/pr/N), or save it anew with save_pretrained."
        )
    _refuse_ggufs(name, files)
    _refuse_adapter(name, files, {})
    raise UserError(f"{name!r} has no weights as safetensors. Choose another model or revision.")


def needed_files(files: dict[str, int] | set[str]) -> list[str]:
    """The files that are needed from a repository: config, tokenizer and safetensors in its top folder."""
    top = [file for file in files if "/" not in file]
    small = [f for f in top if f.endswith((".json", ".model", ".txt", ".jinja")) and f != "training_args.json"]
    # Other safetensors in the same folder are an adapter, or the same weights for another program.
    weights = [f for f in top if _is_weights(f)]
    return sorted(small) + sorted(weights)


def _is_weights(file: str) -> bool:
    return "/" not in file and file.endswith(".safetensors") and file.startswith("model")
