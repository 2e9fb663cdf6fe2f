"""The chat template: filled once, on the recipe's date; what it loses or refuses is said."""

import datetime
from dataclasses import replace

import pytest
from transformers.utils import chat_template_utils

from model.engine.core import LocalEngine
from model.records.text import Lost
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.tokens import template
from model.tokens.template import fill
from model.tokens.tokenize import tokenize
from tests.small_tokenizers import KINDS
from viz.stages import all_views
from viz.wire.answers import failure
from viz.wire.payload import run_payload

CHAT = Recipe("What is up?", chat=True, system="Be brief.")
EACH = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
DATED = "Today: {{ strftime_now('%A, %d %B %Y') }}, {{ strftime_now('%H:%M') }}. " + EACH
PARTS = (
    "{% for m in messages %}<{{ m.role }}>{% for part in m.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}"
)


def filled(written: str, recipe: Recipe = CHAT, **settings):
    tokenizer = KINDS["byte fallback"]().tokenizer
    tokenizer.chat_template = written
    return fill(tokenizer, replace(recipe, **settings))


def clock_at(moment: str):
    """`datetime` and `date` of a module, stopped at a moment."""

    class Moment(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromisoformat(moment)

    class Day(datetime.date):
        @classmethod
        def today(cls):
            return cls.fromisoformat(moment[:10])

    return Moment, Day


def test_a_template_is_filled_as_transformers_fills_it_on_that_day(lm, monkeypatch):
    """transformers takes no other clock than its own, so that is set to the midnight of that day."""
    monkeypatch.setattr(chat_template_utils, "datetime", clock_at("2024-02-29T00:00:00")[0])
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is up?"}]
    for written in (lm.tokenizer.chat_template, DATED, EACH + "{{ bos_token }}{% if tools %}x{% endif %}"):
        monkeypatch.setattr(lm.tokenizer, "chat_template", written)
        theirs = lm.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert fill(lm.tokenizer, replace(CHAT, date="2024-02-29")).text == theirs
        monkeypatch.undo()
        monkeypatch.setattr(chat_template_utils, "datetime", clock_at("2024-02-29T00:00:00")[0])


def test_a_run_keeps_the_date_of_its_first_rendering(lm, monkeypatch):
    monkeypatch.setattr(lm.tokenizer, "chat_template", DATED)
    monkeypatch.setattr(template, "date", clock_at("2026-11-27T10:00:00")[1])
    engine = LocalEngine(lm)
    run = list(engine.run(replace(CHAT, max_new_tokens=2)))[-1]
    assert run.recipe.date == "2026-11-27"
    assert run.tokens.text.startswith("Today: Friday, 27 November 2026, 00:00. ")
    monkeypatch.setattr(template, "date", clock_at("2026-11-28T10:00:00")[1])
    assert engine.tokens.seen(run.recipe, True).tokens == run.tokens
    assert engine.snapshot(run.recipe).tokens == run.tokens
    # In another process, or once it has left the memory, the recipe gives the same text.
    again = list(LocalEngine(lm).run(Recipe.from_json(run.recipe.to_json())))[-1]
    assert (again.tokens.text, again.tokens.ids) == (run.tokens.text, run.tokens.ids)
    assert [step.token.id for step in again.steps] == [step.token.id for step in run.steps]
    # Without a date it is a run of today.
    today = list(LocalEngine(lm).run(replace(CHAT, max_new_tokens=1)))[-1]
    assert "28 November" in today.tokens.text


def test_a_recipe_whose_text_has_no_date_gets_none(lm, engine, monkeypatch):
    assert engine.dated(CHAT) == CHAT
    monkeypatch.setattr(lm.tokenizer, "chat_template", DATED)
    assert engine.dated(replace(CHAT, chat=False)).date == ""
    assert engine.dated(replace(CHAT, date="2020-01-01")).date == "2020-01-01"
    assert engine.dated(CHAT).date == datetime.date.today().isoformat()


PROMPT_VIEWS = {
    "run": {},
    "tokenize_seen": {},
    "tokenize_shares": {"n": 5, "position": 2},
    "tokenize_path": {"position": 3},
    "tokenize_merges": {"position": 1},
    "detokenize": {"prompt": True},
}


@pytest.mark.parametrize("chat", [True, False])
def test_no_view_or_job_of_a_run_fills_the_template_or_tokenizes_its_prompt_again(lm, monkeypatch, chat):
    engine = LocalEngine(lm)
    recipe = replace(CHAT, chat=chat, max_new_tokens=2)
    run = list(engine.run(recipe))[-1]

    def again(*_, **__):
        raise AssertionError("the prompt is read a second time")

    monkeypatch.setattr("model.engine.core.tokenize", again)
    monkeypatch.setattr("model.tokens.tokenize.encode", again)
    monkeypatch.setattr("model.tokens.tokenize.fill", again)
    views = all_views()
    for name, args in PROMPT_VIEWS.items():
        views[name](engine, recipe, args)
    assert engine.tokens.detokenize(recipe, len(run.steps), 0, False).text == run.text
    found = engine.decode.beams(recipe, 2, 2)
    assert found.beams[0].tokens[0].position == len(run.tokens)
    list(engine.decode.prompt_surprisal(recipe))
    list(engine.cache.race(recipe, 2))
    list(engine.speculative.speculate(recipe, "lookup", 2, 2, 1, ""))


SYSTEM = Lost("system", "dropped", 9, "Be brief.")
PROMPT = Lost("prompt", "dropped", 11, "What is up?")
LONG = "<b>\u202e" + "a" * 5000
LOST_TEXT = [
    (EACH, {}, []),
    ("<{{ messages[-1].content }}>", {}, [SYSTEM]),
    # Found in the template by chance, and left out all the same.
    ("You are<{{ messages[-1].content }}>", {"system": "You"}, [Lost("system", "dropped", 3, "You")]),
    ("nothing", {"system": ""}, [PROMPT]),
    (EACH.replace("m.content", "m.content | upper"), {"system": ""}, [Lost("prompt", "changed", 11, "What is up?")]),
    (EACH.replace("m.content", "m.content[:4]"), {"system": ""}, [Lost("prompt", "changed", 11, "What is up?")]),
    (EACH.replace("m.content", "m.content | trim"), {"prompt": "\nHi  "}, [Lost("prompt", "trimmed", 3)]),
    ("{{ messages | length }}", {}, [SYSTEM, PROMPT]),
    ("x", {"prompt": LONG, "system": ""}, [Lost("prompt", "dropped", 5004, LONG[:60])]),
    (EACH, {"chat": False}, [Lost("system", "unused", 9, "Be brief.")]),
    (EACH, {"chat": False, "system": "  "}, []),
]


@pytest.mark.parametrize(("written", "settings", "lost"), LOST_TEXT)
def test_what_was_typed_and_is_not_in_the_text_is_said(written, settings, lost):
    assert list(filled(written, **settings).lost) == lost


def test_a_template_that_reads_parts_is_given_parts():
    found = filled(PARTS)
    assert found.text == "<system>Be brief.<user>What is up?"
    assert [span.kind for span in found.spans] == ["template", "system", "template", "prompt"]
    assert found.lost == ()
    # The system text as text and the prompt in parts, as where only a visitor can send a picture.
    mixed = "{{ messages[0].content + '|' }}{% for p in messages[1].content %}{{ p.text }}{% endfor %}"
    assert filled(mixed).text == "Be brief.|What is up?"
    only_parts = "{{ messages[-1].content[0].text + messages[0].content[0]['text'] }}"
    assert filled(only_parts).text == "What is up?Be brief."


def test_parts_are_not_given_to_a_template_that_would_write_them_out():
    drops = "{% if messages[0].role == 'system' and messages[0].content is string %}{% else %}{{ messages[0].content }}"
    for writes in ("m.content", "m.content | tojson"):
        written = drops + "{% endif %}{% for m in messages[1:] %}{{ " + writes + " }}{% endfor %}"
        found = filled(written)
        assert "type" not in found.text
        assert [(one.what, one.how) for one in found.lost] == [("system", "dropped")]


def test_tokens_that_replace_what_the_vocabulary_lacks_are_told():
    for kind, unknown in (("wordpiece", "[UNK]"), ("word level", "<unk>")):
        found = tokenize(KINDS[kind](), Recipe("the 日 fox"), 100)
        assert found.lost == (Lost("text", "unknown", 1, unknown),)
    assert tokenize(KINDS["byte level"](), Recipe("the 日本 fox"), 100).lost == ()


REFUSALS = [
    ("{{ raise_exception('bitte: 日本\u202e') }}", r"refuses the messages: bitte: 日本\\u202e\. Empty"),
    ("{{ raise_exception('no' * 999) }}", "refuses the messages: (no){150}. Empty the system text"),
    ("{% if %}", "fails on these messages \\(TemplateSyntaxError: "),
    ("{{ nothing.at.all }}", "fails on these messages \\(UndefinedError: 'nothing' is undefined"),
    ("{{ messages[0].content + 1 }}", "fails on these messages \\(TypeError: "),
    ("{{ 1 // 0 }}", "fails on these messages \\(ZeroDivisionError: "),
    ("{{ messages.__class__.__mro__ }}", "fails on these messages \\(SecurityError: "),
    ("{% for i in range(999999999) %}{% endfor %}", "fails on these messages \\(OverflowError: "),
    ("{{ '\\ud800' }}", "half of a surrogate pair"),
    ("{{ 'a' * 400001 }}", "The text that the chat template makes has 400,001 characters; the limit is 400,000"),
    ("{{ [1, 2, 3] | random }}", "refuses the messages: it draws at random"),
    ("{{ lipsum() }}", "refuses the messages: it draws at random"),
    ({"rag": EACH, "tool_use": EACH}, "chat templates are named \\(rag, tool_use\\) and none is 'default'"),
    ({}, "no chat template. Switch 'chat' off"),
    ({"default": ""}, "none is 'default'"),
]


@pytest.mark.parametrize(("written", "message"), REFUSALS)
def test_a_template_that_fails_is_refused_in_words(written, message):
    with pytest.raises(UserError, match=message) as refused:
        filled(written)
    assert len(str(refused.value)) < 500
    assert failure(refused.value)["reason"] == "refused"


def test_a_template_named_default_is_taken():
    assert filled({"rag": "x", "default": EACH}).text == "<system>Be brief.<user>What is up?"


def test_what_is_lost_travels_with_the_run(lm, monkeypatch):
    monkeypatch.setattr(lm.tokenizer, "chat_template", "<{{ messages[-1].content }}>")
    run = list(LocalEngine(lm).run(CHAT, 0))[-1]
    assert run_payload(run, 0, 0)["lost"] == [{"what": "system", "how": "dropped", "n": 9, "start": "Be brief."}]
    assert "lost" not in run_payload(list(LocalEngine(lm).run(replace(CHAT, system=""), 0))[-1], 0, 0)
