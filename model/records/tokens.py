"""Records of the Tokenize and Detokenize stages.

Glossary:
    piece      a unit that the pre-tokenizer passes to the tokenizer's algorithm; no token crosses its edges
    written    a piece as the algorithm receives it: in byte letters, or with signs such as ▁
    rank       the place of a merge in the order in which merges were learned, from 0
    waiting    bytes of a character that is not complete yet
"""

from dataclasses import dataclass

from model.records.run import Token, Tokens


@dataclass(frozen=True)
class CharacterShare:
    """The bytes `first` to `last` (counted from 1) of a character with `of` bytes, as contained in one token."""

    character: str
    first: int
    last: int
    of: int


@dataclass(frozen=True)
class ModelInput:
    """What the model sees of a prompt, and sizes.

    `n_partial` counts the tokens that contain only part of a character.
    """

    tokens: Tokens
    n_characters: int
    n_bytes: int
    n_partial: int
    n_special: int


@dataclass(frozen=True)
class Piece:
    """One piece: the characters [start, end) of the text, and the tokens at positions [first, stop).

    `added`: an added token, which is matched as a whole before the text is split. `equal`: the tokenizer's algorithm
    applied to `written` alone produces the same tokens.
    """

    index: int
    start: int
    end: int
    text: str
    normalized: str
    written: str
    first: int
    stop: int
    added: bool
    equal: bool


@dataclass(frozen=True)
class Path:
    """The path from text to tokens around one position. `n_equal` of `n_pieces` pieces are `equal`."""

    normalizer: tuple[str, ...]
    pre_tokenizer: tuple[str, ...]
    kind: str
    selected: int
    n_pieces: int
    n_equal: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Merge:
    """One merge, of the parts `at` and `at + 1`. `parts` are all parts after it."""

    at: int
    rank: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """A piece from its smallest parts to its tokens, merge by merge.

    `reason` says why it could not be replayed; empty if it could. `whole`: the piece is a vocabulary entry and is taken
    without merging. `equal`: the resulting ids are the tokenizer's own. `entries` has each part that occurs, as a token
    (id -1 if the part is not an entry of the vocabulary).
    """

    written: str
    text: str
    kind: str
    reason: str
    whole: bool
    start: tuple[str, ...]
    merges: tuple[Merge, ...]
    ids: tuple[int, ...]
    own_ids: tuple[int, ...]
    equal: bool
    entries: tuple[Token, ...]


@dataclass(frozen=True)
class LanguageCount:
    """Token counts of one sentence in one language. `factor` is its number of tokens relative to the first sentence.

    `n_unknown` of the tokens replace text that the vocabulary cannot represent and that is lost: a low count is then
    no advantage.
    """

    code: str
    name: str
    text: str
    n_characters: int
    n_bytes: int
    n_tokens: int
    n_unknown: int
    tokens_per_character: float
    factor: float


@dataclass(frozen=True)
class TextPart:
    """What one token adds to the text: the characters that it completes, and the bytes that still wait after it."""

    token: Token
    text: str
    waiting: bytes


@dataclass(frozen=True)
class Detokenization:
    """Tokens joined one by one, compared with the tokenizer's own decoding of all of them at once (`decoded`).

    `start` is the number of tokens before `joined`. Of the `n_checked` longest prefixes of the sequence, `n_equal`
    give the same text as the tokenizer.
    """

    start: int
    n_tokens: int
    joined: tuple[TextPart, ...]
    text: str
    waiting: bytes
    decoded: str
    n_checked: int
    n_equal: int
