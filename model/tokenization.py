"""How a prompt became tokens: what the template added, the pieces, and which token holds which bytes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from tokenizers import Encoding, PreTokenizedString

from model.recipe import Recipe
from model.records import Token, Tokens
from model.records_tokens import Path, Piece, Seen, Share, Span
from model.tokens import encode, model_text
from model.vocabulary import Vocabulary

PIECES_AROUND = 6


class Cut(NamedTuple):
    """A piece as the pre-tokenizer left it: `start` and `end` in the text, `written` as it is handed on."""

    written: str
    start: int
    end: int


def seen(vocabulary: Vocabulary, recipe: Recipe, tokens: Tokens) -> Seen:
    """What the model sees of a recipe, and which parts of it a person wrote."""
    return Seen(
        tokens=tokens,
        spans=spans(vocabulary, recipe, tokens.text),
        n_characters=len(tokens.text),
        n_bytes=len(tokens.text.encode()),
        n_partial=sum(token.partial for token in tokens.tokens),
        n_special=sum(token.special for token in tokens.tokens),
    )


def spans(vocabulary: Vocabulary, recipe: Recipe, text: str) -> tuple[Span, ...]:
    """Cuts the text into what a person wrote and what the template added.

    The template is filled once more with marks that no prompt holds; what stands around them is its own.
    """
    if not recipe.chat:
        return (Span(0, len(text), "prompt"),)
    system_mark, prompt_mark = _unused(text), _unused(text, 1)
    marked = replace(recipe, prompt=prompt_mark, system=system_mark if recipe.system else "")
    pattern = model_text(vocabulary.tokenizer, marked)
    found: list[Span] = []
    at = 0
    head, _, tail = pattern.partition(prompt_mark)
    if system_mark in head:
        before, _, head = head.partition(system_mark)
        end = text.find(head, len(before))
        found += [Span(0, len(before), "template"), Span(len(before), end, "system")]
        at = end
    start, end = at + len(head), len(text) - len(tail)
    if text[at:start] != head or text[end:] != tail or not at <= start <= end:
        # A template that changes with its content: nothing can be told apart.
        return (Span(0, len(text), "template"),)
    found += [Span(at, start, "template"), Span(start, end, "prompt"), Span(end, len(text), "template")]
    return tuple(span for span in found if span.start < span.end)


def _unused(text: str, skip: int = 0) -> str:
    """A character of the private use area that the text does not hold."""
    free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    return [next(free) for _ in range(skip + 1)][-1]


def shares(tokens: Sequence[Token]) -> tuple[tuple[Share, ...], ...]:
    """For each token, its parts of characters that it does not hold whole. Empty for whole text."""
    data = b"".join(token.bytes for token in tokens)
    found, at = [], 0
    for token in tokens:
        stop = at + len(token.bytes)
        found.append(tuple(_split_characters(data, at, stop)) if token.partial else ())
        at = stop
    return tuple(found)


def _split_characters(data: bytes, at: int, stop: int):
    """The characters of `data` that lie in part between `at` and `stop`."""
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
            yield Share(character, max(at - start, 0) + 1, min(stop, end) - start, end - start)
        start = end


def _length(lead: int) -> int:
    """How many bytes a character has, by its first (UTF-8)."""
    return 1 + (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0)


def path(vocabulary: Vocabulary, tokens: Tokens, position: int) -> Path:
    """The pieces around the token at `position`, each checked by the tokenizer's own algorithm."""
    encoding = encode(vocabulary.tokenizer, tokens.text, tokens.chat)
    pieces = tuple(_pieces(vocabulary, tokens, encoding))
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


def _pieces(vocabulary: Vocabulary, tokens: Tokens, encoding: Encoding):
    """The pieces in order, each with the run of tokens that the encoding says came from it."""
    cuts = pre_tokenized(vocabulary, tokens)
    words, first = encoding.word_ids, 0
    while first < len(words):
        stop = first + 1
        while stop < len(words) and words[stop] is not None and words[stop] == words[first]:
            stop += 1
        run = tokens.tokens[first:stop]
        added = run[0].id in vocabulary.added and len(run) == 1
        cut = cuts[words[first]] if words[first] is not None and words[first] < len(cuts) else None
        written = run[0].piece if added or cut is None else cut.written
        yield _piece(vocabulary, tokens, first, stop, written, cut, added)
        first = stop


def _piece(vocabulary, tokens, first, stop, written, cut, added) -> Piece:
    run = tokens.tokens[first:stop]
    start, end = (cut.start, cut.end) if cut else (run[0].start, run[-1].end)
    own = vocabulary.tokenizer.backend_tokenizer.model.tokenize(written) if not added else []
    normalized = written
    if vocabulary.byte_level and not added:
        normalized = vocabulary.read(written).decode(errors="replace")
    return Piece(
        index=first,
        start=start,
        end=end,
        text=tokens.text[start:end],
        normalized=normalized,
        written=written,
        first=first,
        stop=stop,
        added=added,
        equal=added or tuple(token.id for token in own) == tuple(token.id for token in run),
    )


def pre_tokenized(vocabulary: Vocabulary, tokens: Tokens) -> list[Cut]:
    """The text through the tokenizer's own normaliser and pre-tokenizer; added tokens are pieces of their own."""
    backend = vocabulary.tokenizer.backend_tokenizer
    fixed = [(t.start, t.end) for t in tokens.tokens if t.id in vocabulary.added and t.start < t.end]
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
    return cuts
