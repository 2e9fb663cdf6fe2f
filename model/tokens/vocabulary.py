"""Reads from a tokenizer's own description how the entries of its vocabulary are written."""

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
    """The rules of a BPE tokenizer. `ranks` maps each pair to its place in the order in which merges were learned."""

    ranks: dict[tuple[str, str], int]
    prefix: str
    suffix: str
    byte_fallback: bool
    unknown: str | None
    fuse_unknown: bool
    ignore_merges: bool


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """A tokenizer and the rules for reading its entries.

    `byte_level`: entries are written in GPT-2's byte letters (Radford et al. 2019). `byte_fallback`: an entry such as
    <0xE2> is one byte. `replacements`: signs that the decoder replaces, such as ▁ by a space. `continuation`: the
    prefix of an entry that continues a word; the other entries start with a space if `spaced`. `drops_first_space`,
    `drops_last_space`: the decoder removes that space from a text. `special`: ids that are not text. `unknown`: the id
    that replaces text outside the vocabulary, which is lost; None if there is none.
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
        """How many of these tokens replace text that is lost."""
        return sum(token_id == self.unknown for token_id in ids)

    @cached_property
    def _byte_of_letter(self) -> dict[str, int]:
        return {letter: byte for byte, letter in bytes_to_unicode().items()}

    def piece(self, token_id: int) -> str | None:
        """The entry as the vocabulary writes it; None for an unused id."""
        return self.tokenizer.backend_tokenizer.id_to_token(token_id)

    def bytes_of(self, token_id: int) -> bytes:
        """The UTF-8 bytes that a token adds inside a text; they may be only part of a character."""
        return self.read(self.piece(token_id) or "")

    def read(self, piece: str) -> bytes:
        """The bytes of an entry, by the rules of the tokenizer's own decoder."""
        if self.byte_level:
            known = self._byte_of_letter
            return bytes(known[letter] for letter in piece) if known.keys() >= set(piece) else piece.encode()
        if self.byte_fallback and (byte := _fallback_byte(piece)) is not None:
            return bytes([byte])
        if self.spaced:
            continues = bool(self.continuation) and piece.startswith(self.continuation)
            piece = piece[len(self.continuation) :] if continues else " " + piece
        for sign, meaning in self.replacements:
            piece = piece.replace(sign, meaning)
        return piece.encode()


def read_vocabulary(tokenizer: PreTrainedTokenizerFast) -> Vocabulary:
    """Reads the tokenizer's own JSON. It is large, so this is done once, at load."""
    backend = tokenizer.backend_tokenizer
    description = json.loads(backend.to_str())
    decoders = _flat(description["decoder"], "decoders")
    by_type = {part["type"]: part for part in decoders}
    spaced = not decoders or "WordPiece" in by_type
    added = backend.get_added_tokens_decoder()
    return Vocabulary(
        tokenizer=tokenizer,
        kind=type(backend.model).__name__,
        normalizer=tuple(map(_summary, _flat(description["normalizer"], "normalizers"))),
        pre_tokenizer=tuple(map(_summary, _flat(description["pre_tokenizer"], "pretokenizers"))),
        byte_level="ByteLevel" in by_type,
        byte_fallback="ByteFallback" in by_type,
        replacements=tuple(filter(None, map(_replacement, decoders))),
        continuation=by_type.get("WordPiece", {}).get("prefix", ""),
        spaced=spaced,
        drops_first_space=spaced or any(map(_drops_space, decoders)),
        drops_last_space="BPEDecoder" in by_type,
        added=frozenset(added),
        special=frozenset(token_id for token_id, token in added.items() if token.special),
        unknown=_unknown(backend, description["model"]),
        bpe=_bpe_rules(description["model"]) if description["model"].get("type") == "BPE" else None,
    )


def _unknown(backend: Tokenizer, model: dict[str, Any]) -> int | None:
    """The id of the unknown token: Unigram stores the id, the other algorithms the entry."""
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
    """A component as a list: itself, or, if it is a sequence, its members."""
    if part is None:
        return []
    if inside not in part:
        return [part]
    return [member for child in part[inside] for member in _flat(child, inside)]


def _summary(part: dict[str, Any]) -> str:
    """A component as text: its name and its short settings."""
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
