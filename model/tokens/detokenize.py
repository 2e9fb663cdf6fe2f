"""Decodes token bytes to text as soon as characters are complete."""

import codecs
import re
from collections.abc import Iterator, Sequence

from model.records.run import Token
from model.records.tokens import Detokenization, TextPart
from model.tokens.describe import describe_token
from model.tokens.vocabulary import Vocabulary

MAX_JOINED = 160
MAX_CHECKED = 128


def advance(waiting: bytes, new: bytes, each_byte: bool = False) -> tuple[str, bytes]:
    """Appends a token's bytes: (text that is now complete, bytes of a character that is still incomplete).

    Bytes that can no longer become a character are replaced by one U+FFFD, or, with `each_byte` (as decoders with
    byte fallback do), by one per byte.
    """
    errors = "surrogateescape" if each_byte else "replace"
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    text, rest = decoder.decode(waiting + new), decoder.getstate()[0]
    # Half of a surrogate pair (ED A0 to ED BF) does not start a character, but the codec waits for more bytes.
    if len(rest.decode(errors="replace")) > 1:
        text, rest = text + rest.decode(errors=errors), b""
    return re.sub("[\udc80-\udcff]", "\ufffd", text), rest


def join(vocabulary: Vocabulary, tokens: Sequence[Token], opens_text: bool) -> Iterator[TextPart]:
    """Yields what each token adds to the text. Special tokens add nothing.

    `opens_text`: the tokens are the start of the text, where some decoders drop the first space.
    """
    waiting, drop = b"", opens_text and vocabulary.drops_first_space
    for token in tokens:
        new = b"" if token.special else token.bytes
        text, waiting = advance(waiting, new, vocabulary.byte_fallback)
        if drop and text:
            text, drop = text.removeprefix(" "), False
        yield TextPart(token, text, waiting)


def incomplete(vocabulary: Vocabulary, waiting: bytes) -> str:
    """The decoder's text for the bytes of a character that never became complete."""
    return "\ufffd" * (len(waiting) if vocabulary.byte_fallback else bool(waiting))


def drop_last_space(vocabulary: Vocabulary, text: str) -> str:
    """The text as the decoder ends it: some decoders put a space after every word except the last."""
    return text.removesuffix(" ") if vocabulary.drops_last_space else text


def text_of_ids(vocabulary: Vocabulary, ids: Sequence[int], before: Sequence[int] = ()) -> str:
    """The tokenizer's own text of `ids` that follow the ids `before`; special tokens are left out."""
    anchor = _anchor(vocabulary, before) if vocabulary.drops_first_space else []
    return _decode(vocabulary, [*anchor, *ids])[len(_decode(vocabulary, anchor)) :]


def _anchor(vocabulary: Vocabulary, before: Sequence[int]) -> list[int]:
    """One token to put in front, so that a decoder which drops the first space of a text keeps this one."""
    for token_id in reversed(before):
        token = describe_token(vocabulary, token_id, -1)
        if token.text.strip() and not token.special and not token.partial:
            return [token_id]
    return []


def _decode(vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    # Of one list of ids it makes one text.
    return str(vocabulary.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def detokenize(
    vocabulary: Vocabulary, tokens: Sequence[Token], around: int, before: Sequence[int] = ()
) -> Detokenization:
    """Joins tokens that follow the ids `before`, and returns those near the token with index `around`.

    The text is compared with the tokenizer's own decoder: as a whole, and for its longest prefixes.
    """
    joined = tuple(join(vocabulary, tokens, opens_text=not before))
    start = max(0, min(around - MAX_JOINED // 2, len(joined) - MAX_JOINED))
    ids = [token.id for token in tokens]
    text = drop_last_space(vocabulary, "".join(part.text for part in joined))
    first = max(0, len(joined) - MAX_CHECKED)
    so_far, same = "".join(part.text for part in joined[:first]), []
    for place in range(first, len(joined)):
        so_far += joined[place].text
        # While a character is incomplete, byte fallback replaces the whole run of bytes: nothing to compare yet.
        if not (vocabulary.byte_fallback and joined[place].waiting):
            ours = drop_last_space(vocabulary, so_far + incomplete(vocabulary, joined[place].waiting))
            same.append(ours == text_of_ids(vocabulary, ids[: place + 1], before))
    return Detokenization(
        start=start,
        n_tokens=len(joined),
        joined=joined[start : start + MAX_JOINED],
        text=text,
        waiting=joined[-1].waiting if joined else b"",
        decoded=text_of_ids(vocabulary, ids, before),
        n_checked=len(same),
        n_equal=sum(same),
    )
