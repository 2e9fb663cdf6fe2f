"""Converts SmolLM2's GGUF to a folder in transformers' format: config, tokenizer, template and float32 weights."""

import json
from collections.abc import Callable
from pathlib import Path

from model.request.errors import UserError

BUNDLED_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
CONTROL = 3  # GGUF's token type of special tokens
WEIGHT_NAMES = {  # llama.cpp's names -> transformers'
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}

OnProgress = Callable[[float, str], None]  # the fraction done, from 0 to 1, and a description of the current step


def convert_gguf(gguf: Path, folder: Path, on_progress: OnProgress) -> None:
    """Writes config, tokenizer and weights into the folder; the weights are the exact dequantised values in float32.

    Raises UserError for a GGUF of another architecture or tokenizer.
    """
    from gguf import GGUFReader

    on_progress(0.0, "Unpacking the bundled model: reading its vocabulary")
    reader = GGUFReader(gguf)
    metadata = {name: field.contents() for name, field in reader.fields.items()}
    kind = (metadata.get("general.architecture"), metadata.get("tokenizer.ggml.pre"))
    if kind != ("llama", "smollm"):
        raise UserError(f"{gguf.name} is of the kind {kind}, not ('llama', 'smollm'): run `make setup` again.")
    on_progress(0.3, "Unpacking the bundled model: writing its tokenizer")
    write_tokenizer(metadata, folder)
    write_configs(metadata, folder)
    write_weights(reader.tensors, metadata, folder, on_progress)


def write_configs(metadata: dict, folder: Path) -> None:
    """Writes config.json and generation_config.json."""
    ids = {
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"],
        "pad_token_id": metadata["tokenizer.ggml.padding_token_id"],
    }
    config = {
        "_name_or_path": BUNDLED_ID,
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "hidden_act": "silu",
        "hidden_size": metadata["llama.embedding_length"],
        "intermediate_size": metadata["llama.feed_forward_length"],
        "num_hidden_layers": metadata["llama.block_count"],
        "num_attention_heads": metadata["llama.attention.head_count"],
        "num_key_value_heads": metadata["llama.attention.head_count_kv"],
        "max_position_embeddings": metadata["llama.context_length"],
        "rms_norm_eps": metadata["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": metadata["llama.rope.freq_base"],
        },
        "tie_word_embeddings": True,
        "vocab_size": metadata["llama.vocab_size"],
    }
    (folder / "config.json").write_text(json.dumps(config | ids, indent=1))
    (folder / "generation_config.json").write_text(json.dumps(ids, indent=1))


def write_tokenizer(metadata: dict, folder: Path) -> None:
    """Writes tokenizer.json with the pre-tokenizer that llama.cpp calls "smollm", its config, and the chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = zip(pieces, metadata["tokenizer.ggml.token_type"], strict=True)
    tokenizer.add_special_tokens([piece for piece, kind in kinds if kind == CONTROL])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": pieces[metadata["tokenizer.ggml.bos_token_id"]],
        "eos_token": pieces[metadata["tokenizer.ggml.eos_token_id"]],
        "pad_token": pieces[metadata["tokenizer.ggml.padding_token_id"]],
        "unk_token": pieces[metadata["tokenizer.ggml.unknown_token_id"]],
        "model_max_length": metadata["llama.context_length"],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1))
    (folder / "chat_template.jinja").write_text(metadata["tokenizer.chat_template"])


def write_weights(tensors: list, metadata: dict, folder: Path, on_progress: OnProgress) -> None:
    """Writes model.safetensors with transformers' names and row order."""
    from gguf import dequantize
    from safetensors.numpy import save_file

    n_heads = {
        "attn_q": metadata["llama.attention.head_count"],
        "attn_k": metadata["llama.attention.head_count_kv"],
    }
    weights = {}
    for done, tensor in enumerate(tensors):
        message = f"Unpacking the bundled model: tensor {done} of {len(tensors)}"
        on_progress(0.4 + 0.4 * done / len(tensors), message)
        *block, part, kind = tensor.name.split(".")  # "blk.7.attn_q.weight" or "output_norm.weight"
        prefix = f"model.layers.{block[1]}." if block else ""
        values = dequantize(tensor.data, tensor.tensor_type)
        if part in n_heads:
            values = _rotary_halves(values, n_heads[part])
        weights[f"{prefix}{WEIGHT_NAMES[part]}.{kind}"] = values
    on_progress(0.8, "Unpacking the bundled model: writing its weights")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _rotary_halves(rows, n_heads: int):
    """Reorders rows of q or k: llama.cpp rotates neighbours (0, 1), transformers halves (0, d_head / 2)."""
    pairs = rows.reshape(n_heads, -1, 2, rows.shape[-1])  # (head, pair, member, d_model)
    return pairs.swapaxes(1, 2).reshape(rows.shape)
