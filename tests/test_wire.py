"""A request that is none of this page is refused in a sentence: value, limit, way out. Nothing is logged."""

import json

import pytest

from model.request.errors import UserError
from model.source.sources import parse_source
from viz.wire.answers import answer_view, follow
from viz.wire.decode import LARGEST, MOST_LEVELS, parse
from viz.wire.halts import Halts

RECIPE = {"prompt": "Hi"}


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def look(text: str) -> dict:
    return json.loads(answer_view({"card": lambda *_: {}}, None, text))


LOOKS = [
    ({"name": "card", "recipe": RECIPE, "args": 5}, "args is 5; it must be an object or null. Reload the page."),
    ({"name": "card", "recipe": RECIPE, "args": [1]}, "args is [1]; it must be an object or null."),
    ({"name": "card", "recipe": RECIPE, "args": "x"}, "args is 'x'; it must be an object or null."),
    ({"name": "card"}, "The request has no 'recipe'. Reload the page."),
    ({"name": "card", "recipe": []}, "recipe is []; it must be an object."),
    ({"recipe": RECIPE}, "The request has no 'name'."),
    ({"name": ["card"], "recipe": RECIPE}, "name is ['card']; it must be text."),
    ({"name": "card", "recipe": RECIPE, "id": {}}, "id is {}; it must be text"),
    ({"name": "card", "recipe": RECIPE, "id": "x" * 65}, "it must be text of length <= 64."),
    ({"name": "nowhere", "recipe": RECIPE}, "There is no view 'nowhere'. Reload the page."),
    (5, "The request is 5; it must be an object."),
    (None, "The request is None; it must be an object."),
    ([], "The request is []; it must be an object."),
]


@pytest.mark.parametrize(("request_", "told"), LOOKS)
def test_a_look_that_is_none_is_refused_by_what_is_wrong(caplog, request_, told):
    answer = look(json.dumps(request_))
    assert answer["reason"] == "refused"
    assert told in answer["error"]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The request is not JSON (Expecting value"),
        ('{"name": "ca', "The request is not JSON (Unterminated string"),
        (nested(MOST_LEVELS + 1), "The request is nested too deep; 32 levels are the limit."),
        (nested(200_000), "The request is nested too deep; 32 levels are the limit."),
        (f'{{"a": {LARGEST + 1}}}', "The request holds a whole number of 14 hex digits; the largest is 9,007,"),
        (f'{{"a": {"9" * 5_000}}}', "The request holds a number of too many digits; the largest is 9,007,"),
        ('{"a": 1e999}', "The request holds the number inf; numbers must be finite."),
        ('{"a": NaN}', "The request holds the number nan; numbers must be finite."),
    ],
)
def test_text_that_is_cut_deep_or_huge_is_refused(caplog, text, told):
    assert told in look(text)["error"]
    assert caplog.records == []


def test_who_halts_what_has_no_name_halts_nobody():
    halts = Halts()
    for halted in ("None", "null", "", "one"):
        halts.add(halted)
    assert "one" in halts
    assert None not in halts


def test_what_just_fits_is_read():
    assert parse(nested(MOST_LEVELS)) is not None
    assert parse(f"[{LARGEST}, -1.5, true]") == [LARGEST, -1.5, True]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"recipe": RECIPE, "n_steps": [1]}, "n_steps is [1]; it must be a whole number"),
        ({"recipe": RECIPE, "n_steps": "\ud83d"}, "half of a surrogate pair (U+D83D), which no text can hold."),
        ({"recipe": RECIPE, "n_steps": -1}, "n_steps is -1; it must be a whole number >= 0"),
        ({"recipe": RECIPE, "n_steps": 10**9}, "n_steps is 1000000000; it must be a whole number <= 1000000"),
        ({"recipe": RECIPE, "n_steps": True}, "n_steps is True; it must be a whole number"),
        ({"job": 5, "recipe": RECIPE}, "job is 5; it must be text."),
        ({"job": "nowhere", "recipe": RECIPE}, "There is no job 'nowhere'."),
        ({"job": "nowhere"}, "The request has no 'recipe'."),
        (json.loads(nested(40)), "The request is nested too deep"),
        ({"recipe": RECIPE, "args": {"a": float("nan")}}, "The request holds the number nan"),
        (None, "The request is None; it must be an object."),
        ("run", "The request is 'run'; it must be an object."),
    ],
)
def test_a_run_or_a_job_that_is_none_is_refused(caplog, request_, told):
    (answer,) = follow(None, {}, request_)
    assert (answer["kind"], answer["reason"]) == ("error", "refused")
    assert told in answer["error"]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("~nosuchuser/x", "begins with a home folder that is not there"),
        ("/" + "x" * 5_000, "is no name. Type a name as on the Hub"),
        ("/" + "x" * 256, "has a part of more than 255 bytes. Check the path."),
        ("/" + "é" * 128, "has a part of more than 255 bytes. Check the path."),
    ],
)
def test_a_path_that_cannot_be_is_refused_before_the_disk_is_asked(path, told):
    with pytest.raises(UserError, match=told.replace(".", r"\.")):
        parse_source(path)
