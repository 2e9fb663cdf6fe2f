"""The answers of the Embed views: the records' own numbers, limited in size, and errors for bad arguments."""

import base64

import numpy as np
import pytest

from model.request.errors import UserError
from model.request.recipe import Recipe
from viz.stages.embed import VIEWS
from viz.wire.payload import dump

LONG = " ".join(f"alpha beta gamma number {i}" for i in range(130))


@pytest.fixture(scope="module")
def walked(engine):
    recipe = Recipe(LONG, max_new_tokens=1)
    for _ in engine.run(recipe, 1):
        pass
    n = len(engine.tokenize(recipe)) + 1
    assert n > 900
    return engine, recipe, n


def unpacked(packed):
    data = np.frombuffer(base64.b64decode(packed["data"]), packed["dtype"])
    return data.reshape(packed["shape"])


def arguments(n):
    near = {"n": n, "position": 500}
    return {
        "embed_rows": near,
        "embed_similarity": near,
        "embed_nearest": {"token_id": 260, "k": 50},
        "embed_map": near,
        "embed_positions": {**near, "layer": 29},
        "embed_dot_product": {"layer": 3, "head": 8, "query": n - 2, "key": 0},
    }


@pytest.mark.parametrize("name", VIEWS)
def test_a_long_prompt_sends_at_most_200_kilobytes(walked, name):
    engine, recipe, n = walked
    assert len(dump(VIEWS[name](engine, recipe, arguments(n)[name]))) <= 200_000


def test_rows_arrive_as_the_models_own_numbers(walked, lm):
    engine, recipe, n = walked
    answer = VIEWS["embed_rows"](engine, recipe, {"n": n, "position": 500})
    ids = engine.tokenize(recipe).ids[answer["start"] :]
    rows = unpacked(answer["rows"])
    own = lm.model.model.embed_tokens.weight.detach().numpy()[list(ids[: len(rows)])]
    np.testing.assert_array_equal(rows, own)
    assert answer["start"] <= 500 < answer["start"] + len(rows)


def test_the_real_score_lies_on_the_curve_that_is_sent(walked):
    engine, recipe, n = walked
    arguments_ = {"layer": 7, "head": 2, "query": 700, "key": 600}
    answer = VIEWS["embed_dot_product"](engine, recipe, arguments_)
    assert unpacked(answer["scores"])[100] == pytest.approx(answer["score"], abs=1e-3)
    assert answer["check"]["passed"]


def test_a_position_whose_window_holds_is_shown_with_every_check_passed(walked):
    engine, recipe, n = walked
    answer = VIEWS["embed_positions"](engine, recipe, {"n": n, "position": 500, "layer": 0})
    rotary = answer["rotary"]
    assert answer["kind"] == "rope"
    assert rotary["rotation"]["check"]["passed"]
    # Hundreds of positions apart: the run shows what the short probe cannot.
    assert rotary["run_check"]["passed"]
    farthest = int(rotary["run_check"]["how"].split("up to ")[1].split()[0])
    assert farthest > 800


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("embed_rows", {"n": 0, "position": 0}, "n is 0; it must be a whole number from 1"),
        ("embed_rows", {"n": 99_999, "position": 0}, "n is 99999; .*it counts the tokens of the run so far"),
        ("embed_rows", {"n": 5, "position": 5}, "Position 5 is not in this run of 5 positions"),
        ("embed_map", {"n": 5, "position": "1"}, "position is '1'"),
        ("embed_nearest", {"token_id": -1}, "token_id is -1"),
        ("embed_nearest", {"token_id": 5, "k": 51}, "k is 51; it must be a whole number from 1 to 50"),
        ("embed_positions", {"n": 5, "position": 1}, "layer is None"),
        ("embed_dot_product", {"layer": 0, "head": 0, "query": 3, "key": True}, "key is True"),
    ],
)
def test_bad_arguments_are_refused_in_words(walked, name, bad, message):
    engine, recipe, _ = walked
    with pytest.raises(UserError, match=f"^{message}"):
        VIEWS[name](engine, recipe, bad)
