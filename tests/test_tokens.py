"""Tokens: bytes, offsets, special tokens and parts of characters, for every kind of tokenizer."""

import re
from dataclasses import replace

import pytest

from model.request.errors import UserError
from model.request.recipe import Recipe
from model.tokens.describe import describe_token
from model.tokens.languages import count_languages
from model.tokens.pieces import shares
from model.tokens.tokenize import continuation, tokenize
from tests.samples import LANGUAGES, TEXTS, words
from tests.small_tokenizers import KINDS

LIMIT = 4000


def joined(tokens) -> bytes:
    return b"".join(token.bytes for token in tokens)


@pytest.mark.parametrize("text", [*TEXTS, " ".join(words(20))])
def test_the_bytes_of_the_tokens_are_the_bytes_of_the_text(lm, text):
    tokens = tokenize(lm.vocabulary, Recipe(text), LIMIT)
    assert joined(tokens.tokens) == text.encode()
    assert list(tokens.ids) == lm.tokenizer(text)["input_ids"]


@pytest.mark.parametrize("text", TEXTS)
def test_offsets_hold_the_characters_a_token_has_bytes_of(lm, text):
    at = 0
    for token in tokenize(lm.vocabulary, Recipe(text), LIMIT).tokens:
        held = text[token.start : token.end].encode()
        assert token.bytes in held
        first = len(text[: token.start].encode())
        assert first <= at
        assert at + len(token.bytes) <= first + len(held)
        at += len(token.bytes)


def test_special_tokens_are_those_that_the_decoder_leaves_out(lm):
    for token_id in range(40):
        left_out = lm.tokenizer.decode([token_id], skip_special_tokens=True) == ""
        assert describe_token(lm.vocabulary, token_id, 0).special == left_out
    assert describe_token(lm.vocabulary, 3, 0).piece == "<repo_name>"
    assert describe_token(lm.vocabulary, 3, 0).special


def test_a_row_of_the_model_that_is_no_entry_has_no_text(lm):
    token = describe_token(lm.vocabulary, 60_000, 0)
    assert (token.piece, token.text, token.bytes, token.special) == ("", "", b"", False)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("byte fallback", "the quick 日本 🚀 fox"),
        ("unigram", "the quick brown fox"),
        ("wordpiece", "the quickly singing dogs"),
        ("whole words", "the quick 日本 🚀 fox"),
    ],
)
def test_tokens_of_other_tokenizers_are_the_text_after_a_space(kind, text):
    vocabulary = KINDS[kind]()
    tokens = tokenize(vocabulary, Recipe(text), LIMIT)
    assert joined(tokens.tokens).decode().removeprefix(" ") == text
    assert len(tokens) > len(text.split())


def test_byte_fallback_tokens_are_parts_of_a_character():
    tokens = tokenize(KINDS["byte fallback"](), Recipe("日"), LIMIT).tokens
    assert [token.piece for token in tokens][-3:] == ["<0xE6>", "<0x97>", "<0xA5>"]
    assert all(token.partial for token in tokens[-3:])


def test_the_end_of_a_word_is_a_space():
    tokens = tokenize(KINDS["word ends"](), Recipe("the fox"), LIMIT).tokens
    assert joined(tokens) == b"the fox "


@pytest.mark.parametrize("text", [*TEXTS, "🚀日é" * 5])
def test_the_shares_of_a_character_are_all_its_bytes_in_order(lm, text):
    tokens = tokenize(lm.vocabulary, Recipe(text), LIMIT).tokens
    found = shares(tokens)
    assert [bool(held) for held in found] == [token.partial for token in tokens]
    expected, characters = 1, []
    for share in (share for held in found for share in held):
        assert share.first == expected
        assert share.of == len(share.character.encode())
        expected = 1 if share.last == share.of else share.last + 1
        if share.last == share.of:
            characters.append(share.character)
    assert expected == 1
    assert all(character in text for character in characters)


def test_the_shares_of_an_emoji(lm):
    tokens = tokenize(lm.vocabulary, Recipe("a 🚀"), LIMIT).tokens
    places = [[(s.character, s.first, s.last, s.of) for s in held] for held in shares(tokens)]
    assert places == [[], [("🚀", 1, 2, 4)], [("🚀", 3, 3, 4)], [("🚀", 4, 4, 4)]]


def test_a_prompt_over_the_limit_is_refused_with_both_numbers(lm):
    with pytest.raises(UserError, match="has 5 tokens; the limit here is 4. Shorten it by 1"):
        tokenize(lm.vocabulary, Recipe("The capital of France is"), 4)


def test_a_prompt_without_tokens_is_refused():
    with pytest.raises(UserError, match="makes no token"):
        tokenize(KINDS["wordpiece"](), Recipe("\u0001\ufffd"), LIMIT)


def test_chat_without_a_template_is_refused():
    with pytest.raises(UserError, match="no chat template"):
        tokenize(KINDS["unigram"](), Recipe("hi", chat=True), LIMIT)


def test_what_a_template_refuses_is_said_with_a_way_out():
    vocabulary = KINDS["unigram"]()
    vocabulary.tokenizer.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(UserError, match="no system role. Empty the system text"):
        tokenize(vocabulary, Recipe("hi", chat=True, system="Be brief."), LIMIT)


def test_the_chat_text_is_the_templates_and_gets_no_second_bos(lm):
    recipe = Recipe("hi", chat=True, system="Be brief.")
    tokens = tokenize(lm.vocabulary, recipe, LIMIT)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    expected = lm.tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    assert list(tokens.ids) == expected["input_ids"]
    assert tokenize(lm.vocabulary, replace(recipe, chat=False), LIMIT).text == "hi"


def test_a_continuation_is_refused_when_empty_or_long(lm):
    assert [token.text for token in continuation(lm.vocabulary, " Paris.")] == [" Paris", "."]
    for text, way_out in (("", "Type what to put here"), ("a b " * 33, "has 67 tokens.*Shorten it")):
        with pytest.raises(UserError, match="from 1 to 32") as error:
            continuation(lm.vocabulary, text)
        assert re.search(way_out, str(error.value))
    with pytest.raises(UserError, match="no token of the text.*Type other characters"):
        continuation(KINDS["wordpiece"](), "\u0001")


def test_languages_are_counted_one_by_one(lm):
    sentences = [(item["code"], item["name"], item["text"]) for item in LANGUAGES]
    found = count_languages(lm.vocabulary, sentences)
    assert found[0].code == "en"
    assert found[0].factor == 1
    for count in found:
        n_tokens = len(lm.tokenizer.backend_tokenizer.encode(count.text).tokens)
        assert count.n_tokens == n_tokens
        assert count.factor == n_tokens / found[0].n_tokens
        assert count.tokens_per_character == n_tokens / len(count.text)
        assert count.n_bytes == len(count.text.encode("utf-8"))
        assert count.n_unknown == 0


@pytest.mark.parametrize(("kind", "entry"), [("wordpiece", "[UNK]"), ("unigram", "<unk>"), ("word level", "<unk>")])
def test_unknown_tokens_are_counted_where_a_tokenizer_loses_text(kind, entry):
    vocabulary = KINDS[kind]()
    sentences = [("en", "English", "the lazy dog"), ("ru", "Russian", "Все люди рождаются the"), ("x", "x", entry)]
    found = count_languages(vocabulary, sentences)
    for count in found:
        pieces = vocabulary.tokenizer.backend_tokenizer.encode(count.text, add_special_tokens=False).tokens
        assert (count.n_unknown, count.n_tokens) == (
            sum(p not in vocabulary.tokenizer.vocab or p == entry for p in pieces),
            len(pieces),
        )
    assert found[0].n_unknown == 0
    assert 0 < found[1].n_unknown < found[1].n_tokens
    assert [KINDS[name]().unknown for name in ("byte level", "bytes")] == [None, None]
