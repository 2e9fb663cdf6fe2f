"""A tokenizer to its Vocabulary: how its entries are written, read once from its own description."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

LONGEST_SETTING = 60


@dataclass(frozen=True)
class BpeRules:
    """How a BPE tokenizer merges. `ranks` gives each pair its place in the order it was learned."""

    ranks: dict[tuple[str, str], int]
    prefix: str
    suffix: str
    byte_fallback: bool
    unknown: str | None
    fuse_unknown: bool
    ignore_merges: bool


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """A tokenizer and what its entries stand for.

    `byte_level`: entries are written in GPT-2's byte letters (Radford et al. 2019). `byte_fallback`: an
    entry <0xE2> is a byte. `replacements`: signs the decoder writes otherwise, as ▁ for a space.
    `continuation`: what marks an entry that goes on with a word; the others get a space (`spaced`).
    `drops_first_space`, `drops_last_space`: the decoder takes such a space off a text. `special`: ids that are no text.
    `unknown`: the entry that stands for what is none, and keeps nothing of it; None where there is no such entry.
    """

    tokenizer: PreTrainedTokenizerFast
    kind: str
    normalizer: tuple[str, ...]
    pre_tokenizer: tuple[str, ...]
    byte_level: bool
    byte_fallback: bool
    replacements: tuple[tuple[str, str], ...]
    continuation: str
    spaced: bool
    drops_first_space: bool
    drops_last_space: bool
    added: frozenset[int]
    special: frozenset[int]
    unknown: int | None
    bpe: BpeRules | None

    def n_unknown(self, ids: Sequence[int]) -> int:
        """How many of these tokens only stand for something that is lost."""
        return sum(token_id == self.unknown for token_id in ids)

    @cached_property
    def _byte_of_letter(self) -> dict[str, int]:
        return {letter: byte for byte, letter in bytes_to_unicode().items()}

    def piece(self, token_id: int) -> str | None:
        """The entry as the vocabulary writes it; None for an id that is not used."""
        return self.tokenizer.backend_tokenizer.id_to_token(token_id)

    def bytes_of(self, token_id: int) -> bytes:
        """The bytes a token puts into a text that goes on (UTF-8, perhaps only a part of a character)."""
        return self.read(self.piece(token_id) or "")

    def read(self, piece: str) -> bytes:
        """The bytes an entry stands for, by the rules of the tokenizer's own decoder."""
        if self.byte_level:
            letters = [self._byte_of_letter.get(letter) for letter in piece]
            return piece.encode() if None in letters else bytes(letters)
        if self.byte_fallback and (byte := _fallback_byte(piece)) is not None:
            return bytes([byte])
        if self.spaced:
            goes_on = bool(self.continuation) and piece.startswith(self.continuation)
            piece = piece[len(self.continuation) :] if goes_on else " " + piece
        for sign, meaning in self.replacements:
            piece = piece.replace(sign, meaning)
        return piece.encode()


def read_vocabulary(tokenizer: PreTrainedTokenizerFast) -> Vocabulary:
    """Reads the tokenizer's own JSON, which is large: done once, at load."""
    backend = tokenizer.backend_tokenizer
    described = json.loads(backend.to_str())
    decoders = _flat(described["decoder"], "decoders")
    by_type = {part["type"]: part for part in decoders}
    spaced = not decoders or "WordPiece" in by_type
    added = backend.get_added_tokens_decoder()
    return Vocabulary(
        tokenizer=tokenizer,
        kind=type(backend.model).__name__,
        normalizer=tuple(map(_spoken, _flat(described["normalizer"], "normalizers"))),
        pre_tokenizer=tuple(map(_spoken, _flat(described["pre_tokenizer"], "pretokenizers"))),
        byte_level="ByteLevel" in by_type,
        byte_fallback="ByteFallback" in by_type,
        replacements=tuple(filter(None, map(_replacement, decoders))),
        continuation=by_type.get("WordPiece", {}).get("prefix", ""),
        spaced=spaced,
        drops_first_space=spaced or any(map(_drops_space, decoders)),
        drops_last_space="BPEDecoder" in by_type,
        added=frozenset(added),
        special=frozenset(token_id for token_id, token in added.items() if token.special),
        unknown=_unknown(backend, described["model"]),
        bpe=_bpe_rules(described["model"]) if described["model"].get("type") == "BPE" else None,
    )


def _unknown(backend: Tokenizer, model: dict[str, Any]) -> int | None:
    """Unigram names it by its id, the others by the entry."""
    entry = model.get("unk_token")
    return model.get("unk_id") if entry is None else backend.token_to_id(entry)


def _bpe_rules(model: dict[str, Any]) -> BpeRules:
    return BpeRules(
        ranks={(left, right): rank for rank, (left, right) in enumerate(model["merges"])},
        prefix=model["continuing_subword_prefix"] or "",
        suffix=model["end_of_word_suffix"] or "",
        byte_fallback=model["byte_fallback"],
        unknown=model["unk_token"],
        fuse_unknown=model["fuse_unk"],
        ignore_merges=model.get("ignore_merges", False),
    )


def _flat(part: dict[str, Any] | None, inside: str) -> list[dict[str, Any]]:
    """A component and, where it is a sequence, those it holds."""
    if part is None:
        return []
    if inside not in part:
        return [part]
    return [found for child in part[inside] for found in _flat(child, inside)]


def _spoken(part: dict[str, Any]) -> str:
    """A component as its name and those of its settings that are short."""
    settings = (f"{key}={value}" for key, value in part.items() if key != "type")
    return f"{part['type']}({', '.join(text for text in settings if len(text) <= LONGEST_SETTING)})"


def _replacement(decoder: dict[str, Any]) -> tuple[str, str] | None:
    if decoder["type"] == "Metaspace":
        return decoder["replacement"], " "
    if decoder["type"] == "Replace" and "String" in decoder["pattern"]:
        return decoder["pattern"]["String"], decoder["content"]
    if decoder["type"] == "BPEDecoder":
        return decoder["suffix"], " "
    return None


def _drops_space(decoder: dict[str, Any]) -> bool:
    if decoder["type"] == "Metaspace":
        return decoder.get("prepend_scheme", "always") != "never"
    return decoder["type"] == "Strip" and decoder["content"] == " " and decoder["start"] > 0


def _fallback_byte(piece: str) -> int | None:
    if len(piece) != 6 or not piece.startswith("<0x") or not piece.endswith(">"):
        return None
    try:
        return int(piece[3:5], 16)
    except ValueError:
        return None
