"""From text to tokens: the parts of the template, the pieces, and the answers for the page."""

import json

import pytest

from model.records.run import Run
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.tokens.pieces import path, pre_tokenize
from model.tokens.tokenize import tokenize
from model.tokens.vocabulary import read_vocabulary
from tests.samples import TEXTS
from tests.small_tokenizers import KINDS
from viz.stages import all_views
from viz.wire.payload import dump

LIMIT = 4000

# The system text inside the user's turn, stripped of white space, as in Llama 2 and Gemma.
STRIPPING = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST]{% if messages[0].role == 'system' %}"
    "<<{{ messages[0].content.strip() }}>>{% endif %}{{ m.content.strip() }}[/INST]{% endif %}{% endfor %}"
)


def parts(vocabulary, recipe: Recipe) -> list[tuple[str, str]]:
    tokens = tokenize(vocabulary, recipe, LIMIT)
    text, found = tokens.text, tokens.spans
    assert "".join(text[span.start : span.end] for span in found) == text
    return [(span.kind, text[span.start : span.end]) for span in found]


@pytest.mark.parametrize(
    ("prompt", "system"),
    [
        ("hi", ""),
        ("a", "a"),
        ("user", "assistant"),
        ("<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>user\nhi"),
        ("\ue000 \ue001", "\ue002"),
        ("{{ messages }}", "{% if x %}"),
        ("two\nlines\n", " spaced "),
    ],
)
def test_the_templates_parts_are_told_from_what_a_person_wrote(lm, prompt, system):
    found = parts(lm.vocabulary, Recipe(prompt, chat=True, system=system))
    assert [text for kind, text in found if kind == "prompt"] == [prompt]
    assert [text for kind, text in found if kind == "system"] == ([system] if system else [])
    assert found[-1] == ("template", "<|im_end|>\n<|im_start|>assistant\n")


def test_without_the_template_all_is_the_prompt(lm):
    assert parts(lm.vocabulary, Recipe("<|im_start|>hi")) == [("prompt", "<|im_start|>hi")]


def test_a_template_that_strips_and_reorders_is_followed():
    vocabulary = KINDS["byte fallback"]()
    vocabulary.tokenizer.chat_template = STRIPPING
    assert parts(vocabulary, Recipe(" hi ", chat=True, system="be brief ")) == [
        ("template", "[INST]<<"),
        ("system", "be brief"),
        ("template", ">>"),
        ("prompt", "hi"),
        ("template", "[/INST]"),
    ]


def test_a_template_that_changes_with_its_content_is_not_guessed_at():
    vocabulary = KINDS["byte fallback"]()
    vocabulary.tokenizer.chat_template = "{{ messages[0].content | length }}: {{ messages[0].content }}"
    assert parts(vocabulary, Recipe("hello", chat=True)) == [("template", "5: hello")]


@pytest.mark.parametrize("text", [*TEXTS, "a<|im_start|>b <|im_end|><|im_end|> 12"])
@pytest.mark.parametrize("chat", [False, True])
def test_each_piece_alone_makes_the_tokens_it_made_in_the_text(lm, text, chat):
    tokens = tokenize(lm.vocabulary, Recipe(text, chat=chat), LIMIT)
    last = len(tokens) - 1
    found = path(lm.vocabulary, tokens, last)
    assert found.n_equal == found.n_pieces
    piece = next(piece for piece in found.pieces if piece.index == found.selected)
    assert piece.first <= last < piece.stop
    assert "".join(cut.written for cut in pre_tokenize(lm.vocabulary, tokens)) == "".join(
        token.piece for token in tokens.tokens
    )


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.slow
def test_pieces_of_other_tokenizers_make_their_tokens(kind):
    tokenizer = KINDS[kind]().tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|x|>"]})
    vocabulary = read_vocabulary(tokenizer)
    for text in [*TEXTS, "the fox<|x|>the lazy <|x|> dog"]:
        tokens = tokenize(vocabulary, Recipe(text), LIMIT)
        found = path(vocabulary, tokens, len(tokens) // 2)
        assert found.n_equal == found.n_pieces >= len(found.pieces) > 0, text
        assert any(piece.first <= len(tokens) // 2 < piece.stop for piece in found.pieces)
        for piece, following in zip(found.pieces, found.pieces[1:], strict=False):
            assert (following.index, following.first) == (piece.index + 1, piece.stop)


def test_a_normaliser_is_shown_at_work():
    vocabulary = KINDS["whole words"]()
    tokens = tokenize(vocabulary, Recipe("the e\u0301 fox"), LIMIT)
    found = path(vocabulary, tokens, 0)
    assert found.normalizer == ("NFC()",)
    piece = next(piece for piece in found.pieces if "e" in piece.text and piece.text.strip() != "the")
    assert (piece.text, piece.normalized) == (" e\u0301", " é")


def test_pieces_without_a_normaliser_cover_the_text_once(lm):
    text = "e\u0301\u0301 na\u0308ive \u0301 ש\u05b8לום"
    tokens = tokenize(lm.vocabulary, Recipe(text), LIMIT)
    assert "".join(text[cut.start : cut.end] for cut in pre_tokenize(lm.vocabulary, tokens)) == text


def test_digits_are_pieces_of_their_own_where_the_tokenizer_says_so(lm):
    assert any("Digits" in name for name in lm.vocabulary.pre_tokenizer)
    found = path(lm.vocabulary, tokenize(lm.vocabulary, Recipe("in 2024"), LIMIT), 0)
    assert [piece.text for piece in found.pieces] == ["in", " ", "2", "0", "2", "4"]


@pytest.fixture(scope="module")
def run(engine) -> Run:
    return list(engine.run(Recipe("Rockets 🚀 and astronauts 👩‍🚀 go to", max_new_tokens=6)))[-1]


VIEWS = all_views()


def look(engine, run: Run, name: str, **args) -> dict:
    return json.loads(dump(VIEWS[name](engine, run.recipe, args)))


def test_the_preview_of_the_template_leaves_the_run_alone(engine, run):
    preview = look(engine, run, "tokenize_seen", chat=True, position=0)
    assert preview["text"].startswith("<|im_start|>")
    assert preview["n_tokens"] > len(run.tokens)
    assert engine.snapshot(run.recipe).tokens == run.tokens


def test_merges_travel_as_places_in_a_list_of_parts(engine, run):
    found = look(engine, run, "tokenize_merges", position=2)
    last = [found["entries"][place]["id"] for place in found["merges"][-1]["parts"]]
    assert last == found["ids"] == found["own_ids"]
    assert found["equal"]


def test_the_answer_and_the_prompt_come_back_as_text(engine, run):
    answer = look(engine, run, "detokenize", n=6)
    assert answer["decoded"] == answer["text"] == run.text
    assert answer["text"] == "".join(step.text for step in run.steps)
    assert look(engine, run, "detokenize", prompt=True)["text"] == run.recipe.prompt
    assert [answer["n_checked"], answer["n_equal"]] == [6, 6]


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("tokenize_seen", {"chat": "yes"}, "chat is 'yes'"),
        ("tokenize_path", {"position": -1}, "position is -1"),
        ("tokenize_path", {"position": 17}, "from 0 to 16"),
        ("tokenize_merges", {"position": None}, "position is None"),
        ("tokenize_shares", {"n": 10**6, "position": 0}, "n is 1000000"),
        ("detokenize", {"n": 7}, "n is 24"),
        ("detokenize", {"prompt": 1}, "prompt is 1"),
    ],
)
def test_a_view_refuses_what_it_cannot_show(engine, run, name, args, message):
    with pytest.raises(UserError, match=message):
        look(engine, run, name, **args)


def test_no_view_sends_more_than_200_kilobytes(engine):
    recipe = Recipe("Ο κόσμος 日本 " * 60, max_new_tokens=1)
    n = len(list(engine.run(recipe, 0))[-1].tokens)
    asked = {
        "tokenize_seen": {"position": n // 2},
        "tokenize_shares": {"n": n, "position": n // 2},
        "tokenize_path": {"position": n // 2},
        "detokenize": {"prompt": True, "around": n // 2},
    }
    assert n > 600
    for name, args in asked.items():
        assert len(dump(VIEWS[name](engine, recipe, args))) < 200_000
