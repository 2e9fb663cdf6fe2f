"""Counts the tokens of one sentence in several languages."""

from collections.abc import Sequence

from model.records.tokens import LanguageCount
from model.tokens.vocabulary import Vocabulary


def count_languages(vocabulary: Vocabulary, sentences: Sequence[tuple[str, str, str]]) -> tuple[LanguageCount, ...]:
    """Counts the tokens of (code, name, text) sentences; the first one is the reference for the others."""
    encoded = vocabulary.tokenizer([text for _, _, text in sentences], add_special_tokens=False)
    rows = encoded["input_ids"]
    return tuple(
        LanguageCount(
            code=code,
            name=name,
            text=text,
            n_characters=len(text),
            n_bytes=len(text.encode()),
            n_tokens=len(ids),
            n_unknown=vocabulary.n_unknown(ids),
            tokens_per_character=len(ids) / len(text),
            factor=len(ids) / len(rows[0]),
        )
        for (code, name, text), ids in zip(sentences, rows, strict=True)
    )
