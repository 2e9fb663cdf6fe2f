"""Spaces as SentencePiece writes them: ▁ for each, and one more before the text if the file asks for it."""

from tokenizers import Tokenizer, decoders, normalizers

SPACE = "▁"


def spaces_of_sentencepiece(tokenizer: Tokenizer, prefix: bool) -> None:
    """Sets how the tokenizer treats spaces. `prefix` (add_dummy_prefix): one comes before each stretch of plain text.

    transformers' Metaspace adds none to a text that begins with a space already; SentencePiece and llama.cpp do.
    """
    added = [normalizers.Prepend(SPACE)] if prefix else []
    tokenizer.normalizer = normalizers.Sequence([*added, normalizers.Replace(" ", SPACE)])
    tokenizer.pre_tokenizer = None  # pyright: ignore[reportAttributeAccessIssue]
    stripped = [decoders.Strip(" ", 1, 0)] if prefix else []
    whole = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *stripped]
    tokenizer.decoder = decoders.Sequence(whole)
