"""Tiny models on the disk: safetensors with a tokenizer, or one GGUF."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from gguf import GGUFValueType, GGUFWriter, TokenType
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers.convert_slow_tokenizer import bytes_to_unicode

from model.tokens.probes import PROBES
from tests.tiny import tiny_lm

TYPES = {
    str: GGUFValueType.STRING,
    int: GGUFValueType.UINT32,
    float: GGUFValueType.FLOAT32,
    bool: GGUFValueType.BOOL,
}


def save(folder: Path, family: str, tokenizer, **settings) -> Path:
    """A random model of a family with its tokenizer, saved with transformers."""
    lm = tiny_lm(family, tokenizer, **settings)
    lm.model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def merged_across() -> tuple[list[str], list[str]]:
    """Entries and merges of byte-level BPE, learned from the probes without any rule that cuts them first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        special_tokens=special,
        initial_alphabet=sorted(bytes_to_unicode().values()),
        min_frequency=1,
        show_progress=False,
    )
    pieces = [text[i : i + 12] for text in PROBES for i in range(len(text))]
    tokenizer.train_from_iterator(pieces, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    entries = sorted(learned["vocab"], key=learned["vocab"].get)
    return entries, [" ".join(pair) for pair in learned["merges"]]


def write_gguf(
    path: Path,
    architecture: str = "llama",
    n_layers: int = 1,
    values: dict[str, object] | None = None,
    tensors: dict[str, np.ndarray] | None = None,
    more: dict[str, np.ndarray] | None = None,
    byte_level: bool = False,
    drop: tuple[str, ...] = (),
) -> Path:
    """A llama of one layer with 262 tokens in float32, complete for any reader; its header claims `n_layers`.

    `values` are added to the header, or replace those in it; `tensors` are all tensors, if given, and `more` are added.
    `drop` names values to leave out, without the architecture.
    `byte_level`: a vocabulary of byte-level BPE, whose merges cross every boundary that no rule sets.
    """
    width, n_heads, d_mlp = 32, 4, 64
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁a", "a"]
    kinds = [TokenType.UNKNOWN, *[TokenType.CONTROL] * 2, *[TokenType.BYTE] * 256, *[TokenType.NORMAL] * 3]
    merges: list[str] = []
    if byte_level:
        pieces, merges = merged_across()
        kinds = [TokenType.UNKNOWN, *[TokenType.CONTROL] * 2, *[TokenType.NORMAL] * (len(pieces) - 3)]
    writer, rng = GGUFWriter(path, architecture), np.random.default_rng(0)
    writer.add_name("tiny")
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(n_layers)
    writer.add_feed_forward_length(d_mlp)
    writer.add_head_count(n_heads)
    writer.add_head_count_kv(n_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(pieces))
    writer.add_tokenizer_model("gpt2" if byte_level else "llama")
    if byte_level:
        writer.add_token_merges(merges)
    writer.add_token_list(pieces)
    writer.add_token_scores([-float(place) for place in range(len(pieces))])
    writer.add_token_types(kinds)
    for name, token_id in (("bos", 1), ("eos", 2), ("unk", 0)):
        getattr(writer, f"add_{name}_token_id")(token_id)
    shapes = {
        "token_embd": (len(pieces), width),
        "output": (len(pieces), width),
        **{f"blk.0.attn_{part}": (width, width) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate": (d_mlp, width),
        "blk.0.ffn_up": (d_mlp, width),
        "blk.0.ffn_down": (width, d_mlp),
        "blk.0.attn_norm": (width,),
        "blk.0.ffn_norm": (width,),
        "output_norm": (width,),
    }
    made = {f"{name}.weight": rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    for key in drop:
        del writer.kv_data[0][f"{architecture}.{key}"]
    for key, value in (values or {}).items():
        writer.kv_data[0].pop(key, None)
        writer.add_key_value(key, value, TYPES[type(value)])
    for name, tensor in ((made if tensors is None else tensors) | (more or {})).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
