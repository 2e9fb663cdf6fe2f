"""Models whose only tokenizer is a SentencePiece file: opened as it cuts, or refused; against SentencePiece itself."""

import io
import json

import pytest
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from model.loading.load import read_tokenizer
from model.request.errors import UserError
from model.tokens.probes import PROBES
from tests.small_tokenizers import TEXT


def folder_with(folder, name: str, kind: str, **config) -> SentencePieceProcessor:
    """Trains a SentencePiece model and saves it under this name, alone with a config; returns the reference."""
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_writer=written,
        vocab_size=320,
        model_type=kind,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / name).write_bytes(written.getvalue())
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return SentencePieceProcessor(model_proto=written.getvalue())


@pytest.mark.parametrize("config", [{"tokenizer_class": "LlamaTokenizer"}, {}])
def test_a_sentencepiece_file_alone_is_enough_and_cuts_as_sentencepiece_does(tmp_path, config):
    reference = folder_with(tmp_path, "tokenizer.model", "bpe", **config)
    tokenizer = read_tokenizer(tmp_path, "it")
    for text in (*PROBES, *TEXT):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == reference.encode(text)
        assert tokenizer.decode(ids) == text


def test_one_that_transformers_rebuilds_otherwise_is_refused_with_the_text(tmp_path):
    folder_with(tmp_path, "tokenizer.model", "unigram", tokenizer_class="LlamaTokenizer")
    with pytest.raises(UserError, match=r"its tokenizer.model cuts .* into \d+ tokens.* A tokenizer.json is needed"):
        read_tokenizer(tmp_path, "it")
