"""The recipe: the whole state of a visitor as JSON; bad values are refused with a way out."""

import json
from dataclasses import fields, replace

import pytest

from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings

RECIPE = Recipe("Hé 🚀 \x00", True, "sys", SamplingSettings(True, 0.7, 5, 0.9, 3), 12, ((1, 5),))


def test_a_recipe_comes_back_from_its_json():
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE


def test_a_recipe_without_a_date_is_written_as_before_there_was_one():
    assert "date" not in json.loads(RECIPE.to_json())
    assert Recipe.from_json(RECIPE.to_json()).date == ""
    dated = replace(RECIPE, date="2026-01-31")
    assert json.loads(dated.to_json())["date"] == "2026-01-31"
    assert Recipe.from_json(dated.to_json()) == dated


@pytest.mark.parametrize(
    "date", ["2026-02-30", "20260131", "2026-W05-6", "today", "2026-1-31", " ", "2026-01-31T00:00"]
)
def test_a_date_is_a_day_in_one_spelling(date):
    with pytest.raises(UserError, match="date is '.*'; it must be a day such as 2026-01-31. Leave it empty"):
        replace(RECIPE, date=date)


def test_numbers_written_as_whole_give_the_same_trace():
    values = json.loads(RECIPE.to_json())
    values["sampling"] |= {"temperature": 1, "top_p": 1}
    written = Recipe.from_json(json.dumps(values))
    values["sampling"] |= {"temperature": 1.0, "top_p": 1.0}
    assert written.trace_key == Recipe.from_json(json.dumps(values)).trace_key


def test_only_how_far_it_goes_leaves_the_trace_the_same():
    assert replace(RECIPE, max_new_tokens=99).trace_key == RECIPE.trace_key
    assert replace(RECIPE, stop=("end",)).trace_key == RECIPE.trace_key
    others = {
        "prompt": "x",
        "chat": False,
        "system": "",
        "forced": (),
        "sampling": SamplingSettings(),
        "model": "org/name",
        "revision": "v1",
        "device": "cpu",
        "dtype": "bfloat16",
        "date": "2026-01-31",
    }
    assert {*others, "max_new_tokens", "stop"} == {field.name for field in fields(Recipe)}
    settings = {"do_sample": False, **dict.fromkeys(("temperature", "top_p", "min_p", "typical_p"), 0.5)}
    settings |= dict.fromkeys(("repetition_penalty", "presence_penalty", "frequency_penalty"), 1.5)
    settings |= {"top_k": 7, "seed": 7}
    assert set(settings) == {field.name for field in fields(SamplingSettings)}
    changed = [replace(RECIPE, **{name: value}) for name, value in others.items()]
    changed += [replace(RECIPE, sampling=replace(RECIPE.sampling, **{name: value})) for name, value in settings.items()]
    assert len({recipe.trace_key for recipe in (RECIPE, *changed)}) == 1 + len(changed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0}, "temperature is 0; it must be from 0.01 to 10"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"temperature": 10**400}, "temperature is 1000"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"temperature": True}, "temperature is True"),
        ({"top_k": -1}, "top_k is -1; it must be a whole number from 0"),
        ({"top_k": 2.5}, "top_k is 2.5"),
        ({"top_p": 0.0}, "top_p is 0.0; it must be a number above 0, up to 1"),
        ({"top_p": 1.01}, "top_p is 1.01"),
        ({"seed": -3}, "seed is -3"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"do_sample": 1}, "do_sample is 1"),
        ({"repetition_penalty": 0.0}, "repetition_penalty is 0.0; it must be from 0.1 to 10"),
        ({"presence_penalty": 2.5}, "presence_penalty is 2.5; it must be from -2 to 2"),
        ({"frequency_penalty": "no"}, "frequency_penalty is 'no'"),
        ({"min_p": 1.5}, "min_p is 1.5; it must be from 0 to 1"),
        ({"typical_p": 0.0}, "typical_p is 0.0; it must be a number above 0, up to 1"),
    ],
)
def test_a_bad_setting_is_refused_by_name_value_and_limit(settings, message):
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        SamplingSettings(**settings)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "The prompt is empty"),
        (" ", r"blank \(1 white-space character\)"),
        ("\n\t  ", r"blank \(4 white-space characters\)"),
        ("ab\ud83d", r"surrogate pair \(U\+D83D\) at character 3"),
        ("x" * 400_001, "400,001 characters; the limit is 400,000"),
        (5, "prompt is 5; it must be text"),
    ],
)
def test_a_bad_prompt_is_refused_with_the_reason(prompt, message):
    with pytest.raises(UserError, match=message):
        Recipe(prompt)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "The recipe is not JSON"),
        ("[]", "The recipe is a list, not an object"),
        ("{}", "The recipe has no prompt"),
        ('{"prompt": "x", "colour": 1}', "Unknown recipe field 'colour'"),
        ('{"prompt": "x", "sampling": 3}', "sampling settings are not an object"),
        ('{"prompt": "x", "sampling": {"heat": 1}}', "Unknown sampling field 'heat'"),
        ('{"prompt": "x", "forced": 7}', "forced is 7; it must be a list of"),
        ('{"prompt": "x", "forced": [[0, -1]]}', "forced token id is -1"),
        ('{"prompt": "x", "stop": "end"}', "stop is 'end'; it must be a list"),
        ('{"prompt": "x", "stop": [""]}', "A stop string has 0 characters"),
        ('{"prompt": "x", "stop": [3]}', "stop string is 3; it must be text"),
        ('{"prompt": "x", "stop": ["a", "b", "c", "d", "e"]}', "There are 5 stop strings; the limit is 4"),
        ('{"prompt": "x", "max_new_tokens": 0}', "max_new_tokens is 0"),
    ],
)
def test_what_is_no_recipe_is_refused_with_a_sentence(text, message):
    with pytest.raises(UserError, match=message) as error:
        Recipe.from_json(text)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("value", [0, -5, 2.5, True, None])
def test_fewer_than_one_new_token_is_refused_without_a_limit_that_is_not_this_pages(value):
    with pytest.raises(UserError, match="1 or more. Ask for at least one token") as error:
        Recipe("x", max_new_tokens=value)
    assert str(error.value).startswith(f"max_new_tokens is {value};")
