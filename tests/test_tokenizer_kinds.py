"""Every kind of tokenizer, with and without BOS and chat template: tokens, offsets and text checked independently."""

import pytest
from tokenizers import processors
from transformers import AddedToken, ByT5Tokenizer

from model.loading.load import read_tokenizer
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.tokens.bpe import REASONS, replay
from model.tokens.detokenize import detokenize, incomplete
from model.tokens.pieces import model_input, path
from model.tokens.tokenize import tokenize
from model.tokens.vocabulary import Vocabulary, read_vocabulary
from tests.small_tokenizers import KINDS

TEXTS = {
    "latin": "the quick singers jump, naïve café",
    "arabic": "مرحبا بالعالم the",
    "cjk": "你好世界 トークン 한국어",
    "emoji": "rockets 🚀 and 👩‍🚀",
    "leading space": " the lazy dog",
}
BOS = "<|begin|>"
TEMPLATE = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
# The tokens of these contain another text than the one that was typed.
# Texts that a tokenizer may not know at all.
UNKNOWN = (TEXTS["cjk"], TEXTS["emoji"])
CHANGES_TEXT = {"wordpiece", "word ends", "word level"}


def made(kind: str, bos: bool, template: bool = False) -> Vocabulary:
    """A tokenizer of this kind, as part of a model."""
    tokenizer = KINDS[kind]().tokenizer
    if bos:
        tokenizer.add_special_tokens({"bos_token": BOS})
        whole = processors.TemplateProcessing(
            single=f"{BOS} $A", pair=None, special_tokens=[(BOS, tokenizer.convert_tokens_to_ids(BOS))]
        )
        tokenizer.backend_tokenizer.post_processor = whole
    if template:
        tokenizer.chat_template = TEMPLATE
    return read_vocabulary(tokenizer)


@pytest.fixture(scope="module", params=[(kind, bos) for kind in KINDS for bos in (False, True)], ids=str)
def case(request):
    kind, bos = request.param
    return kind, bos, made(kind, bos)


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_ids_are_the_tokenizers_own_and_bos_stands_first_and_is_marked(case, text):
    _, bos, vocabulary = case
    tokens = tokenize(vocabulary, Recipe(text), 1000)
    backend = vocabulary.tokenizer.backend_tokenizer
    assert list(tokens.ids) == backend.encode(text, add_special_tokens=True).ids
    plain = backend.encode(text, add_special_tokens=False).ids
    assert list(tokens.ids[bos:]) == plain
    if bos:
        first = tokens.tokens[0]
        assert (first.piece, first.special, first.start, first.end) == (BOS, True, 0, 0)
        assert model_input(tokens).n_special >= 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_offsets_point_at_the_letters_of_the_token(case, text):
    kind, bos, vocabulary = case
    unknown, n_compared = vocabulary.tokenizer.unk_token_id, 0
    for token in tokenize(vocabulary, Recipe(text), 1000).tokens[bos:]:
        there = text[token.start : token.end]
        assert 0 <= token.start <= token.end <= len(text)
        if token.piece in ("<unk>", "[UNK]") or token.id == unknown:
            continue
        n_compared += 1
        if token.partial:
            assert token.bytes in (" " + there).encode(), (there, token)
        elif kind in CHANGES_TEXT:
            letters = vocabulary.tokenizer.backend_tokenizer.normalizer
            plain = letters.normalize_str(there) if letters else there
            assert token.text.strip() == plain.strip(), (there, token)
        else:
            assert token.text.strip() == there.strip(), (there, token)
    assert n_compared or text in UNKNOWN, "only unknown tokens"


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_bytes_of_the_tokens_are_those_of_the_text_where_nothing_is_lost(case, text):
    kind, bos, vocabulary = case
    tokens = tokenize(vocabulary, Recipe(text), 1000).tokens[bos:]
    whole = b"".join(token.bytes for token in tokens)
    if kind in ("byte level", "bytes", "whole words"):
        assert whole == text.encode()
    elif kind == "byte fallback":
        # SentencePiece puts a space before the text.
        assert whole == b" " + text.encode()
    else:
        # These normalise spaces, and an unknown token replaces letters that cannot be restored.
        letters = vocabulary.tokenizer.backend_tokenizer.normalizer
        plain = letters.normalize_str(text) if letters else text
        known = all(token.id != vocabulary.unknown for token in tokens)
        assert ("".join(whole.decode().split()) == "".join(plain.split())) == known


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
@pytest.mark.slow
def test_pieces_replay_to_the_tokenizers_tokens_or_say_why_not(case, text):
    kind, _, vocabulary = case
    tokens = tokenize(vocabulary, Recipe(text), 1000)
    n_pieces = 0
    for position in range(len(tokens)):
        found = path(vocabulary, tokens, position)
        assert found.n_equal == found.n_pieces
        piece = next(piece for piece in found.pieces if piece.index == found.selected)
        assert piece.first <= position < piece.stop
        if piece.added:
            continue
        n_pieces += 1
        again = replay(vocabulary, piece.written)
        assert again.own_ids == tokens.ids[piece.first : piece.stop]
        if vocabulary.bpe:
            assert again.equal
            assert again.reason == ""
        else:
            assert again.reason == REASONS[vocabulary.kind]
            assert again.merges == ()
    assert n_pieces or kind in ("wordpiece", "word level", "word ends", "unigram"), "only unknown tokens"


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_text_joined_token_by_token_is_the_decoders(case, text):
    kind, bos, vocabulary = case
    tokens = tokenize(vocabulary, Recipe(text), 1000)
    found = detokenize(vocabulary, tokens.tokens, 0)
    theirs = vocabulary.tokenizer.decode(list(tokens.ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert found.text + incomplete(vocabulary, found.waiting) == theirs == found.decoded
    assert found.n_equal == found.n_checked
    if kind in ("byte level", "bytes", "whole words", "byte fallback"):
        assert found.text == text
    assert not bos or BOS not in found.text


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_template_writes_its_bos_itself_and_no_second_one_comes(kind):
    vocabulary = made(kind, bos=True, template=True)
    tokens = tokenize(vocabulary, Recipe("the lazy dog", chat=True), 1000)
    bos = vocabulary.tokenizer.convert_tokens_to_ids(BOS)
    assert tokens.ids.count(bos) == 1
    assert tokens.tokens[0].id == bos
    assert tokens.text == BOS + "[user] the lazy dog"
    spans = tokens.spans
    assert [tokens.text[span.start : span.end] for span in spans if span.kind == "prompt"] == ["the lazy dog"]


@pytest.mark.parametrize("kind", list(KINDS))
def test_without_a_template_chat_is_refused_with_the_way_out(kind):
    with pytest.raises(UserError, match="no chat template. Switch 'chat' off"):
        tokenize(made(kind, bos=False), Recipe("hi", chat=True), 1000)


def test_a_byte_models_tokens_are_the_bytes():
    vocabulary = made("bytes", bos=False)
    tokens = tokenize(vocabulary, Recipe("é🚀"), 100)
    assert tokens.ids == tuple("é🚀".encode())
    assert [token.partial for token in tokens.tokens] == [True] * 6


def test_a_tokenizer_without_offsets_is_refused_with_the_reason(tmp_path):
    ByT5Tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="'tiny' cannot be loaded: its tokenizer, ByT5Tokenizer, is written in Python"):
        read_tokenizer(tmp_path, "tiny")


def test_an_added_token_that_is_matched_after_normalising_is_no_fault():
    """`<Tag>` is found as the entry `<tag>`: the second route is the tokenizer's own encoding."""
    tokenizer = KINDS["word ends"]().tokenizer
    tokenizer.add_tokens([AddedToken("<tag>", normalized=True)])
    vocabulary = read_vocabulary(tokenizer)
    recipe = Recipe("the <Tag> lazy dog")
    tokens = tokenize(vocabulary, recipe, 100)
    assert list(tokens.ids) == tokenizer("the <Tag> lazy dog")["input_ids"]
    position = tokens.ids.index(tokenizer.convert_tokens_to_ids("<tag>"))
    found = path(vocabulary, tokens, position)
    assert found.n_equal == found.n_pieces
    assert found.pieces[found.selected].added
