"""Token bytes back to text, as far as whole characters have arrived."""

import codecs
import re
from collections.abc import Iterator, Sequence

from model.records.run import Token
from model.records.tokens import Detokenization, TextPart
from model.tokens.tokenize import describe
from model.tokens.vocabulary import Vocabulary

MAX_JOINED = 160
MAX_CHECKED = 128


def advance(waiting: bytes, new: bytes, each_byte: bool = False) -> tuple[str, bytes]:
    """Appends a token's bytes: (text that is now complete, bytes that still wait for their partner).

    What can no longer become a character is one U+FFFD, or with `each_byte` (as the decoders with byte
    fallback do) one for each byte.
    """
    errors = "surrogateescape" if each_byte else "replace"
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    text, rest = decoder.decode(waiting + new), decoder.getstate()[0]
    # Half of a surrogate pair (ED A0 to ED BF) is no beginning of a character; the codec waits all the same.
    if len(rest.decode(errors="replace")) > 1:
        text, rest = text + rest.decode(errors=errors), b""
    return re.sub("[\udc80-\udcff]", "\ufffd", text), rest


def join(vocabulary: Vocabulary, tokens: Sequence[Token], opens_text: bool) -> Iterator[TextPart]:
    """Token by token, what each gives to the text. Special tokens are no text and give nothing.

    `opens_text`: nothing stands before them, so that some decoders drop the first space.
    """
    waiting, drop = b"", opens_text and vocabulary.drops_first_space
    for token in tokens:
        new = b"" if token.special else token.bytes
        text, waiting = advance(waiting, new, vocabulary.byte_fallback)
        if drop and text:
            text, drop = text.removeprefix(" "), False
        yield TextPart(token, text, waiting)


def unfinished(vocabulary: Vocabulary, waiting: bytes) -> str:
    """How a decoder writes bytes whose partner never came."""
    return "\ufffd" * (len(waiting) if vocabulary.byte_fallback else bool(waiting))


def ended(vocabulary: Vocabulary, text: str) -> str:
    """A text that ends here, as the decoder writes it: some put a space after every word but the last."""
    return text.removesuffix(" ") if vocabulary.drops_last_space else text


def decode(vocabulary: Vocabulary, ids: Sequence[int], before: Sequence[int] = ()) -> str:
    """The tokenizer's own text of `ids` where they follow `before`; special tokens are left out."""
    anchor = _anchor(vocabulary, before) if vocabulary.drops_first_space else []
    return _decode(vocabulary, [*anchor, *ids])[len(_decode(vocabulary, anchor)) :]


def _anchor(vocabulary: Vocabulary, before: Sequence[int]) -> list[int]:
    """A token to stand in front: a decoder that drops a text's first space must not drop one inside it."""
    for token_id in reversed(before):
        token = describe(vocabulary, token_id, -1)
        if token.text.strip() and not token.special and not token.partial:
            return [token_id]
    return []


def _decode(vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    decoded = vocabulary.tokenizer.decode
    return decoded(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)


def detokenize(
    vocabulary: Vocabulary, tokens: Sequence[Token], around: int, before: Sequence[int] = ()
) -> Detokenization:
    """Joins tokens that follow `before`, shows those near the token `around`, and checks the text by
    the tokenizer's own decoder: the whole, and its longest beginnings.
    """
    joined = tuple(join(vocabulary, tokens, opens_text=not before))
    start = max(0, min(around - MAX_JOINED // 2, len(joined) - MAX_JOINED))
    ids = [token.id for token in tokens]
    text = ended(vocabulary, "".join(part.text for part in joined))
    first = max(0, len(joined) - MAX_CHECKED)
    so_far, same = "".join(part.text for part in joined[:first]), []
    for place in range(first, len(joined)):
        so_far += joined[place].text
        # Byte fallback gives up a whole run of bytes while one waits: only whole text can be compared.
        if not (vocabulary.byte_fallback and joined[place].waiting):
            ours = ended(vocabulary, so_far + unfinished(vocabulary, joined[place].waiting))
            same.append(ours == decode(vocabulary, ids[: place + 1], before))
    return Detokenization(
        start=start,
        n_tokens=len(joined),
        joined=joined[start : start + MAX_JOINED],
        text=text,
        waiting=joined[-1].waiting if joined else b"",
        decoded=decode(vocabulary, ids, before),
        n_checked=len(same),
        n_equal=sum(same),
    )
