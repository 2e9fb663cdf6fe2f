"""How a prompt becomes tokens: the pieces, and which bytes each token holds."""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tokenizers import PreTokenizedString

from model.records.run import Token, Tokens
from model.records.tokens import CharacterShare, ModelInput, Path, Piece
from model.tokens.vocabulary import Vocabulary

PIECES_AROUND = 6


class Cut(NamedTuple):
    """A piece as the pre-tokenizer returns it: the characters [start, end) of the text, passed on as `written`."""

    written: str
    start: int
    end: int


def model_input(tokens: Tokens) -> ModelInput:
    """What the model sees, and sizes."""
    return ModelInput(
        tokens=tokens,
        n_characters=len(tokens.text),
        n_bytes=len(tokens.text.encode()),
        n_partial=sum(token.partial for token in tokens.tokens),
        n_special=sum(token.special for token in tokens.tokens),
    )


def shares(tokens: Sequence[Token]) -> tuple[tuple[CharacterShare, ...], ...]:
    """For each token, its shares of characters that it holds only in part; empty for a token of whole characters."""
    data = b"".join(token.bytes for token in tokens)
    by_token, at = [], 0
    for token in tokens:
        stop = at + len(token.bytes)
        by_token.append(tuple(_split_characters(data, at, stop)) if token.partial else ())
        at = stop
    return tuple(by_token)


def _split_characters(data: bytes, at: int, stop: int) -> Iterator[CharacterShare]:
    """Shares of the characters of `data` that lie only partly in the bytes [at, stop)."""
    start = at
    while start > 0 and start > at - 3 and data[start] & 0xC0 == 0x80:
        start -= 1
    while start < stop:
        end = start + _length(data[start])
        try:
            character = data[start:end].decode()
        except UnicodeDecodeError:
            start += 1
            continue
        if start < at or end > stop:
            yield CharacterShare(character, max(at - start, 0) + 1, min(stop, end) - start, end - start)
        start = end


def _length(lead: int) -> int:
    """The number of bytes of a UTF-8 character, from its first byte."""
    return 1 + (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0)


def path(vocabulary: Vocabulary, tokens: Tokens, position: int) -> Path:
    """The pieces around the token at `position`, each checked with the tokenizer's own algorithm."""
    pieces = tuple(_pieces(vocabulary, tokens))
    selected = next((piece.index for piece in pieces if piece.first <= position < piece.stop), 0)
    around = pieces[max(0, selected - PIECES_AROUND) : selected + PIECES_AROUND + 1]
    return Path(
        normalizer=vocabulary.normalizer,
        pre_tokenizer=vocabulary.pre_tokenizer,
        kind=vocabulary.kind,
        selected=selected,
        n_pieces=len(pieces),
        n_equal=sum(piece.equal for piece in pieces),
        pieces=around,
    )


def _pieces(vocabulary: Vocabulary, tokens: Tokens) -> Iterator[Piece]:
    """The pieces in order, each with its tokens."""
    cuts = pre_tokenize(vocabulary, tokens)
    words, first = tokens.pieces, 0
    for index in itertools.count():
        if first == len(words):
            return
        word, stop = words[first], first + 1
        while word is not None and stop < len(words) and words[stop] == word:
            stop += 1
        cut = cuts[word] if word is not None and word < len(cuts) else None
        yield _piece(vocabulary, tokens, index, (first, stop), cut)
        first = stop


def _piece(vocabulary: Vocabulary, tokens: Tokens, index: int, place: tuple[int, int], cut: Cut | None) -> Piece:
    """The tokens [place[0], place[1]) as a piece. Tokens that the tokenizer itself inserts have no cut."""
    own_tokens = tokens.tokens[slice(*place)]
    # Added tokens, and those that the tokenizer inserts, do not pass through its algorithm.
    added = cut is None or _is_added(vocabulary, tokens.text, own_tokens[0])
    start, end = (cut.start, cut.end) if cut else (own_tokens[0].start, own_tokens[-1].end)
    written = own_tokens[0].piece if added or cut is None else cut.written
    again = [] if added else vocabulary.tokenizer.backend_tokenizer.model.tokenize(written)
    letters = vocabulary.byte_level and not added
    return Piece(
        index=index,
        start=start,
        end=end,
        text=tokens.text[start:end],
        normalized=vocabulary.read(written).decode(errors="replace") if letters else written,
        written=written,
        first=place[0],
        stop=place[1],
        added=added,
        equal=added or [token.id for token in again] == [token.id for token in own_tokens],
    )


def pre_tokenize(vocabulary: Vocabulary, tokens: Tokens) -> list[Cut]:
    """Runs the tokenizer's own normaliser and pre-tokenizer on the text; each added token is a piece by itself."""
    backend = vocabulary.tokenizer.backend_tokenizer
    fixed = [(token.start, token.end) for token in tokens.tokens if _is_added(vocabulary, tokens.text, token)]
    text = PreTokenizedString(tokens.text)
    edges = sorted({0, len(tokens.text), *(edge for pair in fixed for edge in pair)})
    between = list(zip(edges, edges[1:], strict=False))
    text.split(lambda _, whole: [whole.slice(slice(start, end)) for start, end in between])
    if backend.normalizer is not None:
        text.normalize(backend.normalizer.normalize)
    if backend.pre_tokenizer is not None:
        backend.pre_tokenizer.pre_tokenize(text)
    cuts: list[Cut] = []
    inside = {place: pair for pair in fixed for place in range(*pair)}
    for written, (start, end), _ in text.get_splits("original", "char"):
        if pair := inside.get(start):
            if not cuts or (cuts[-1].start, cuts[-1].end) != pair:
                cuts.append(Cut(tokens.text[slice(*pair)], *pair))
        else:
            cuts.append(Cut(written, start, end))
    return _with_marks(tokens.text, cuts)


def _with_marks(text: str, cuts: list[Cut]) -> list[Cut]:
    """Extends the cuts over combining marks that follow: a composing normaliser leaves these out of its offsets."""
    extended = []
    for cut, following in itertools.zip_longest(cuts, cuts[1:]):
        end, limit = cut.end, following.start if following else len(text)
        while end < limit and unicodedata.combining(text[end]):
            end += 1
        extended.append(cut._replace(end=end))
    return extended


def _is_added(vocabulary: Vocabulary, text: str, token: Token) -> bool:
    """True for an added token that stands in the text; an unknown token only replaces other text.

    Some added tokens are matched after normalising: `<TAG>` is then found as `<tag>`.
    """
    if token.id not in vocabulary.added:
        return False
    written, piece = text[token.start : token.end].strip(), token.piece.strip()
    normalizer = vocabulary.tokenizer.backend_tokenizer.normalizer
    if written == piece or normalizer is None:
        return written == piece
    return normalizer.normalize_str(written).strip() == normalizer.normalize_str(piece).strip()
