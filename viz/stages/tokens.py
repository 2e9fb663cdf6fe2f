"""The Tokenize and Detokenize stages: what the model sees, pieces, merges, languages, and text again."""

import json
from pathlib import Path
from typing import TypedDict

from model.records.run import Token
from model.records.text import Span
from model.records.tokens import CharacterShare, Detokenization, LanguageCount
from model.records.tokens import Path as TokenPath
from model.request.recipe import Recipe
from model.request.validate import require_bool
from viz.wire.args import integer
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain

LANGUAGES = Path(__file__).resolve().parents[2] / "assets" / "languages.json"
TOKENS_AROUND = 300
ROWS_AROUND = 50


class SeenAnswer(TypedDict):
    """Some of the tokens: those from `start` on. `text` is theirs, and begins at the character `first` of all text."""

    chat: bool
    start: int
    n_tokens: int
    tokens: list[Plain[Token]]
    text: str
    first: int
    spans: list[Plain[Span]]
    n_characters: int
    n_bytes: int
    n_partial: int
    n_special: int


class SharesAnswer(TypedDict):
    start: int
    shares: list[list[Plain[CharacterShare]]]


class MergeAnswer(TypedDict):
    at: int
    rank: int
    parts: list[int]


class MergesAnswer(TypedDict):
    """Parts are places in `entries`."""

    written: str
    text: str
    kind: str
    reason: str
    whole: bool
    start: list[int]
    merges: list[MergeAnswer]
    ids: list[int]
    own_ids: list[int]
    equal: bool
    entries: list[Plain[Token]]


class LanguagesAnswer(TypedDict):
    languages: list[Plain[LanguageCount]]


def tokenize_seen(engine: Engine, recipe: Recipe, args: dict) -> SeenAnswer:
    """What the model sees with the template on or off (`chat`), near the token `position`."""
    chat = args.get("chat", recipe.chat)
    require_bool("chat", chat)
    found = engine.tokens.seen(recipe, chat)
    tokens = found.tokens.tokens
    start, stop = _window(len(tokens), integer(args, "position", 0), TOKENS_AROUND)
    shown = tokens[start:stop]
    # At its ends the text may have white space that is in no token.
    first = min(t.start for t in shown) if start else 0
    last = max(t.end for t in shown) if stop < len(tokens) else len(found.tokens.text)
    return {
        "chat": chat,
        "start": start,
        "n_tokens": len(tokens),
        "tokens": [plain(token) for token in shown],
        "text": found.tokens.text[first:last],
        "first": first,
        "spans": [plain(span) for span in found.tokens.spans],
        "n_characters": found.n_characters,
        "n_bytes": found.n_bytes,
        "n_partial": found.n_partial,
        "n_special": found.n_special,
    }


def tokenize_shares(engine: Engine, recipe: Recipe, args: dict) -> SharesAnswer:
    """Which parts of which characters the tokens near `position` hold, of the first `n` tokens."""
    found = engine.tokens.shares(recipe, integer(args, "n", low=1))
    start, stop = _window(len(found), integer(args, "position"), ROWS_AROUND)
    return {"start": start, "shares": [[plain(share) for share in held] for held in found[start:stop]]}


def tokenize_path(engine: Engine, recipe: Recipe, args: dict) -> Plain[TokenPath]:
    """The pieces around the prompt token `position`."""
    return plain(engine.tokens.path(recipe, integer(args, "position")))


def tokenize_merges(engine: Engine, recipe: Recipe, args: dict) -> MergesAnswer:
    """The merges of the piece that holds the prompt token `position`; parts are places in `entries`."""
    found = engine.tokens.merges(recipe, integer(args, "position"))
    place = {entry.piece: index for index, entry in enumerate(found.entries)}
    return {
        "written": found.written,
        "text": found.text,
        "kind": found.kind,
        "reason": found.reason,
        "whole": found.whole,
        "start": [place[part] for part in found.start],
        "merges": [
            {"at": merge.at, "rank": merge.rank, "parts": [place[part] for part in merge.parts]}
            for merge in found.merges
        ],
        "ids": list(found.ids),
        "own_ids": list(found.own_ids),
        "equal": found.equal,
        "entries": [plain(entry) for entry in found.entries],
    }


def tokenize_languages(engine: Engine, recipe: Recipe, args: dict) -> LanguagesAnswer:
    """One sentence in several languages, cut by the loaded tokenizer."""
    read = json.loads(LANGUAGES.read_text(encoding="utf-8"))
    sentences = [(item["code"], item["name"], item["text"]) for item in read]
    return {"languages": [plain(count) for count in engine.tokens.languages(recipe, sentences)]}


def detokenize(engine: Engine, recipe: Recipe, args: dict) -> Plain[Detokenization]:
    """The prompt (`prompt`) or the first `n` generated tokens as text, shown near the token `around`."""
    prompt = args.get("prompt", False)
    require_bool("prompt", prompt)
    return plain(engine.tokens.detokenize(recipe, integer(args, "n", 0), integer(args, "around", 0), prompt))


def _window(n: int, around: int, reach: int) -> tuple[int, int]:
    """The `2 * reach` places around one, fewer where there are not so many."""
    start = max(0, min(around - reach, n - 2 * reach))
    return start, min(n, start + 2 * reach)


VIEWS = {
    "tokenize_seen": tokenize_seen,
    "tokenize_shares": tokenize_shares,
    "tokenize_path": tokenize_path,
    "tokenize_merges": tokenize_merges,
    "tokenize_languages": tokenize_languages,
    "detokenize": detokenize,
}
