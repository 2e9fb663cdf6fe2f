"""Describes a token id: its vocabulary entry, its bytes, its text."""

from model.records.run import Token
from model.tokens.vocabulary import Vocabulary


def describe_token(vocabulary: Vocabulary, token_id: int, position: int, start: int = -1, end: int = -1) -> Token:
    """Describes a token id: vocabulary entry, bytes, and whether it holds only part of a character.

    An id that the tokenizer does not use (some models have more rows than the tokenizer has entries) has no text.
    """
    raw = vocabulary.bytes_of(token_id)
    text, partial = readable(raw)
    return Token(
        position=position,
        id=token_id,
        piece=vocabulary.piece(token_id) or "",
        text=text,
        bytes=raw,
        start=start,
        end=end,
        special=token_id in vocabulary.special,
        partial=partial,
    )


def readable(raw: bytes) -> tuple[str, bool]:
    """Bytes as text, and whether some of them are only part of a character (shown as U+FFFD)."""
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return raw.decode(errors="replace"), True
