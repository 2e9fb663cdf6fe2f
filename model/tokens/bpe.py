"""Replays how BPE turns a piece into tokens, merge by merge, with the tokenizer's own rules."""

from model.records.run import Token
from model.records.tokens import Merge, Replay
from model.request.errors import UserError
from model.tokens.describe import readable
from model.tokens.vocabulary import BpeRules, Vocabulary

MAX_BYTES = 200

REASONS = {
    "Unigram": "A Unigram tokenizer does not merge: it takes the cut whose entries are most probable together.",
    "WordPiece": "A WordPiece tokenizer does not merge: it takes the longest entry that fits, from left to right.",
    "WordLevel": "This tokenizer does not merge: each word is an entry or unknown.",
}


def replay(vocabulary: Vocabulary, written: str) -> Replay:
    """Replays the merges of one piece (Sennrich et al. 2016). Raises UserError if it is longer than 200 bytes.

    Merges the neighbouring pair with the lowest rank, the leftmost on a tie, and repeats until no pair has a rank.
    """
    n_bytes = len(vocabulary.read(written))
    if n_bytes > MAX_BYTES:
        raise UserError(f"This piece has {n_bytes:,} bytes; at most {MAX_BYTES} are replayed. Select a shorter word.")
    own_ids = tuple(token.id for token in vocabulary.tokenizer.backend_tokenizer.model.tokenize(written))
    rules = vocabulary.bpe
    start, merges, whole = ((), [], False) if rules is None else merge(vocabulary, rules, written)
    parts = (written,) if whole else merges[-1].parts if merges else start
    ids = tuple(_id_of(vocabulary, part) for part in parts)
    return Replay(
        written=written,
        text=readable(vocabulary.read(written))[0],
        kind=vocabulary.kind,
        reason="" if rules else REASONS.get(vocabulary.kind, "This tokenizer does not merge."),
        whole=whole,
        start=start,
        merges=tuple(merges),
        ids=ids,
        own_ids=own_ids,
        equal=rules is not None and ids == own_ids,
        entries=_entries(vocabulary, {*start, *(p for m in merges for p in m.parts), *parts} - {""}, own_ids),
    )


def merge(vocabulary: Vocabulary, rules: BpeRules, written: str) -> tuple[tuple[str, ...], list[Merge], bool]:
    """Returns (the parts at the start, the merges, whether the piece is taken whole without merging)."""
    start = tuple(first_parts(vocabulary, rules, written))
    if rules.ignore_merges and _id_of(vocabulary, written) >= 0:
        return start, [], True
    parts, merges = list(start), []
    while best := _best_pair(rules, parts):
        rank, at = best
        parts[at : at + 2] = [parts[at] + parts[at + 1][len(rules.prefix) :]]
        merges.append(Merge(at, rank, tuple(parts)))
    return start, merges, False


def first_parts(vocabulary: Vocabulary, rules: BpeRules, written: str) -> list[str]:
    """The smallest parts of a piece: byte letters or characters.

    A character that is not in the vocabulary becomes its bytes or, without byte fallback, the unknown token.
    """
    parts: list[str] = []
    for place, character in enumerate(written):
        part = (rules.prefix if place else "") + character
        part += rules.suffix if place == len(written) - 1 else ""
        if _id_of(vocabulary, part) >= 0:
            parts.append(part)
            continue
        fallback = [f"<0x{byte:02X}>" for byte in part.encode()]
        if rules.byte_fallback and all(_id_of(vocabulary, byte) >= 0 for byte in fallback):
            parts.extend(fallback)
        elif rules.unknown and not (rules.fuse_unknown and parts[-1:] == [rules.unknown]):
            parts.append(rules.unknown)
    return parts


def _best_pair(rules: BpeRules, parts: list[str]) -> tuple[int, int] | None:
    ranks = (rules.ranks.get(pair) for pair in zip(parts, parts[1:], strict=False))
    return min(((rank, at) for at, rank in enumerate(ranks) if rank is not None), default=None)


def _id_of(vocabulary: Vocabulary, part: str) -> int:
    token_id = vocabulary.tokenizer.backend_tokenizer.model.token_to_id(part)
    return -1 if token_id is None else token_id


def _entries(vocabulary: Vocabulary, parts: set[str], own_ids: tuple[int, ...]) -> tuple[Token, ...]:
    own = {vocabulary.piece(token_id) or "" for token_id in own_ids}
    entries = []
    for part in sorted(parts | own):
        raw = vocabulary.read(part)
        text, partial = readable(raw)
        entries.append(Token(-1, _id_of(vocabulary, part), part, text, raw, -1, -1, False, partial))
    return tuple(entries)
