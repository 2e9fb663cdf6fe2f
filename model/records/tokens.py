"""Records of the Tokenize and Detokenize stages.

Words of this stage:
    piece      what the pre-tokenizer hands to the tokenizer's algorithm; no token crosses its edges
    written    a piece as the algorithm gets it: in byte letters, or with signs as ▁
    rank       the place of a merge in the order in which it was learned, 0 first
    waiting    bytes of a character whose last byte has not come
"""

from dataclasses import dataclass

from model.records.run import Token, Tokens


@dataclass(frozen=True)
class Span:
    """A stretch of the text: 'prompt' and 'system' are what a person wrote, 'template' is all else."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Share:
    """The bytes `first` to `last` (from 1) of a character that has `of` bytes, held by one token."""

    character: str
    first: int
    last: int
    of: int


@dataclass(frozen=True)
class ModelInput:
    """What the model sees of a prompt: tokens, which parts of the text a template added, and sizes.

    `n_partial` counts the tokens that hold a part of a character.
    """

    tokens: Tokens
    spans: tuple[Span, ...]
    n_characters: int
    n_bytes: int
    n_partial: int
    n_special: int


@dataclass(frozen=True)
class Piece:
    """One piece: `start` to `end` of the text, and the tokens at positions `first` to before `stop`.

    `added`: an entry that is found whole before anything is cut. `equal`: the tokenizer's algorithm, given
    `written` alone, makes these same tokens.
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
    """The way from text to tokens around one position. `n_equal` of `n_pieces` pieces are `equal`."""

    normalizer: tuple[str, ...]
    pre_tokenizer: tuple[str, ...]
    kind: str
    selected: int
    n_pieces: int
    n_equal: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Merge:
    """One merge: the parts `at` and `at + 1` became one. `parts` is what stands after it."""

    at: int
    rank: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """A piece from its smallest parts to tokens, merge by merge.

    `reason` is empty when it could be replayed. `equal`: the ids reached are the tokenizer's own.
    `entries` holds each part that occurs, as a token (id -1 where it is no entry by itself).
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
    """One sentence in one language, as the loaded tokenizer cuts it. `factor`: its tokens by the first one's.

    `n_unknown` of the tokens stand for text that is no entry and is lost: then fewer tokens are no gain.
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
    """What one token gave to the text: characters now complete, and the bytes that wait after it."""

    token: Token
    text: str
    waiting: bytes


@dataclass(frozen=True)
class Detokenization:
    """Tokens joined one after another, and the tokenizer's own text of all of them at once.

    `start` counts the tokens left out before `joined`. Of the `n_checked` longest beginnings of the
    sequence, `n_equal` give the tokenizer's own text.
    """

    start: int
    n_tokens: int
    joined: tuple[TextPart, ...]
    text: str
    waiting: bytes
    decoded: str
    n_checked: int
    n_equal: int
