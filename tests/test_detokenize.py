"""Detokenizing: joined token by token, the text is the tokenizer's own at every step."""

import random

import pytest

from model.request.recipe import Recipe
from model.tokens.describe import describe_token
from model.tokens.detokenize import advance, detokenize, incomplete, join, text_of_ids
from model.tokens.tokenize import tokenize
from tests.samples import TEXTS
from tests.small_tokenizers import KINDS


def decoded(vocabulary, ids) -> str:
    return vocabulary.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def lone_bytes(vocabulary) -> list[int]:
    """The ids of tokens that are one byte of a multi-byte character."""
    raw = [vocabulary.bytes_of(token_id) for token_id in range(len(vocabulary.tokenizer))]
    return [token_id for token_id, data in enumerate(raw) if len(data) == 1 and data[0] >= 128]


def test_joined_text_equals_decode_after_every_token_of_random_sequences(lm):
    chance = random.Random(0)
    lone = lone_bytes(lm.vocabulary)
    assert len(lone) > 60
    broken = 0
    for _ in range(400):
        # Single bytes that seldom form a character, among ids of the whole vocabulary.
        share, length = chance.choice([0.1, 0.5, 0.9]), chance.randint(1, 24)
        ids = [chance.choice(lone) if chance.random() < share else chance.randrange(49_152) for _ in range(length)]
        text = ""
        tokens = [describe_token(lm.vocabulary, i, p) for p, i in enumerate(ids)]
        for n, part in enumerate(join(lm.vocabulary, tokens, opens_text=True), start=1):
            text += part.text
            assert text + incomplete(lm.vocabulary, part.waiting) == decoded(lm.vocabulary, ids[:n])
        broken += "\ufffd" in text
    assert broken > 100


@pytest.mark.parametrize("text", TEXTS)
def test_a_prompt_comes_back_as_it_was_typed(lm, text):
    tokens = tokenize(lm.vocabulary, Recipe(text), 1000)
    found = detokenize(lm.vocabulary, tokens.tokens, 0)
    assert found.text == found.decoded == text
    assert found.waiting == b""
    assert found.n_equal == found.n_checked == min(len(tokens), 128)


@pytest.mark.parametrize("kind", ["byte fallback", "unigram", "wordpiece", "whole words"])
def test_other_tokenizers_join_to_their_own_text(kind):
    vocabulary = KINDS[kind]()
    for text in TEXTS:
        tokens = tokenize(vocabulary, Recipe(text), 1000)
        found = detokenize(vocabulary, tokens.tokens, 0)
        assert found.text + incomplete(vocabulary, found.waiting) == found.decoded, text
        assert found.decoded == decoded(vocabulary, list(tokens.ids)), text
        assert found.n_equal == found.n_checked, text


@pytest.mark.parametrize("kind", ["byte fallback", "unigram", "wordpiece"])
def test_the_first_space_of_an_answer_is_kept(kind):
    vocabulary = KINDS[kind]()
    before = vocabulary.tokenizer("the quick")["input_ids"]
    ids = vocabulary.tokenizer("brown fox")["input_ids"]
    assert decoded(vocabulary, ids) == "brown fox"
    assert text_of_ids(vocabulary, ids, before) == " brown fox"
    found = detokenize(vocabulary, [describe_token(vocabulary, i, -1) for i in ids], 0, before)
    assert found.text == " brown fox"
    assert found.n_equal == found.n_checked == len(ids)


def test_bytes_wait_for_their_partner_and_then_become_a_character(lm):
    tokens = tokenize(lm.vocabulary, Recipe("a 🚀b"), 100).tokens
    parts = list(join(lm.vocabulary, tokens, opens_text=True))
    assert [(part.text, part.waiting) for part in parts] == [
        ("a", b""),
        (" ", b"\xf0\x9f"),
        ("", b"\xf0\x9f\x9a"),
        ("🚀", b""),
        ("b", b""),
    ]


def test_bytes_that_can_never_become_a_character_are_replaced():
    assert advance(b"\xf0\x9f", b"a") == ("\ufffda", b"")
    assert advance(b"\xf0\x9f", b"a", each_byte=True) == ("\ufffd\ufffda", b"")
    assert advance(b"", b"\xe2\x82") == ("", b"\xe2\x82")
    assert advance(b"\xe2\x82", b"\xac") == ("€", b"")


def test_a_special_token_is_no_text_and_lets_bytes_go_on_waiting(lm):
    ids = [15107, 2, 244, 218]  # the bytes of " 🚀" around <|im_end|>
    tokens = [describe_token(lm.vocabulary, i, p) for p, i in enumerate(ids)]
    parts = list(join(lm.vocabulary, tokens, opens_text=True))
    assert parts[1].text == ""
    assert parts[1].waiting == b"\xf0\x9f"
    assert "".join(part.text for part in parts) == " 🚀" == decoded(lm.vocabulary, ids)


def test_a_long_sequence_is_shown_around_a_token(lm):
    tokens = tokenize(lm.vocabulary, Recipe("ab " * 300), 1000).tokens
    found = detokenize(lm.vocabulary, tokens, 300)
    assert len(found.joined) == 160
    assert any(part.token.position == 300 for part in found.joined)
    assert found.joined[0].token.position == found.start
    assert found.text == found.decoded == "ab " * 300
