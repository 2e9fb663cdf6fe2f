"""The replay of BPE: merging by rank leads to the tokenizer's own tokens."""

import pytest

from model.request.errors import UserError
from model.tokens.bpe import replay
from model.tokens.vocabulary import Vocabulary
from tests.samples import SCRIPTS, TEXTS, words
from tests.small_tokenizers import KINDS


def pieces(vocabulary: Vocabulary, text: str) -> list[str]:
    """The pieces that the tokenizer's normaliser and pre-tokenizer produce from a text."""
    backend = vocabulary.tokenizer.backend_tokenizer
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    if backend.pre_tokenizer is None:
        return [text]
    return [piece for piece, _ in backend.pre_tokenizer.pre_tokenize_str(text)]


def test_the_replay_equals_the_tokenizer_on_over_a_thousand_words_in_many_scripts(lm):
    chosen = [prefix + word for word in words() for prefix in ("", " ")]
    assert len(chosen) >= 2 * (1000 + len(SCRIPTS))
    n_merges = 0
    for word in chosen:
        ids = []
        for piece in pieces(lm.vocabulary, word):
            found = replay(lm.vocabulary, piece)
            assert found.equal, word
            ids += found.ids
            n_merges += len(found.merges)
        assert ids == lm.tokenizer.backend_tokenizer.encode(word, add_special_tokens=False).ids
    assert n_merges > 5000


@pytest.mark.parametrize("kind", ["byte fallback", "word ends", "whole words"])
@pytest.mark.slow
def test_the_replay_equals_other_bpe_tokenizers(kind):
    vocabulary = KINDS[kind]()
    checked = 0
    for text in [*TEXTS, *words(20), "the longest singer", "zyzzyva zyzzyva"]:
        for piece in pieces(vocabulary, text):
            if 0 < len(vocabulary.read(piece)) <= 200:
                checked += 1
                found = replay(vocabulary, piece)
                own = vocabulary.tokenizer.backend_tokenizer.model.tokenize(piece)
                assert list(found.ids) == [token.id for token in own], (kind, piece)
                assert found.equal
    assert checked > 200


def test_each_merge_joins_the_leftmost_pair_of_the_lowest_rank(lm):
    found = replay(lm.vocabulary, "Ġastronauts")
    ranks = lm.vocabulary.bpe.ranks
    parts = list(found.start)
    for merge in found.merges:
        pairs = list(zip(parts, parts[1:], strict=False))
        known = [ranks[pair] for pair in pairs if pair in ranks]
        assert merge.rank == min(known)
        assert merge.at == next(i for i, pair in enumerate(pairs) if ranks.get(pair) == merge.rank)
        parts[merge.at : merge.at + 2] = ["".join(pairs[merge.at])]
        assert merge.parts == tuple(parts)
    assert not [pair for pair in zip(parts, parts[1:], strict=False) if pair in ranks]


def test_a_replay_starts_with_the_bytes_of_the_piece(lm):
    found = replay(lm.vocabulary, "ĠðŁļĢ")
    assert found.text == " 🚀"
    entries = {entry.piece: entry for entry in found.entries}
    assert [entries[part].bytes for part in found.start] == [b" ", b"\xf0", b"\x9f", b"\x9a", b"\x80"]


def test_an_entry_is_taken_whole_where_the_tokenizer_ignores_merges():
    found = replay(KINDS["whole words"](), "Ġzyzzyva")
    assert found.whole
    assert found.merges == ()
    assert found.equal


@pytest.mark.parametrize("kind", ["unigram", "wordpiece"])
def test_a_tokenizer_without_merges_says_so(kind):
    found = replay(KINDS[kind](), "quick")
    assert "does not merge" in found.reason
    assert found.own_ids
    assert not found.equal


def test_a_long_piece_is_refused_with_both_numbers(lm):
    with pytest.raises(UserError, match="201 bytes; at most 200"):
        replay(lm.vocabulary, "a" * 201)
