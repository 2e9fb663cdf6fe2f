"""The answer for one head has the record's own numbers, in types that the page can read."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from model.request.errors import UserError
from model.request.recipe import Recipe
from viz.stages.attention.one_head import head_checks, one_head
from viz.wire.payload import dump

READER = Path(__file__).parent.parent / "assets" / "js" / "maths" / "arrays.js"


@pytest.fixture(scope="module")
def recipe(engine):
    recipe = Recipe("The capital of France is " * 150, max_new_tokens=2)
    run = list(engine.run(recipe))[-1]
    assert len(run.tokens) > 700, "not a long prompt"
    return recipe


def arrays(payload):
    for value in payload.values():
        if isinstance(value, dict) and "data" in value:
            yield value
        elif isinstance(value, dict):
            yield from arrays(value)


def test_every_array_is_of_a_type_the_page_reads_and_the_answer_is_small(engine, recipe):
    args = {"layer": 3, "head": 4, "query": 600, "key": None}
    payload = one_head(engine, recipe, args)
    types = re.findall(r"^  (\w+): \w+Array,$", READER.read_text(), re.M)
    assert {"float32", "int32"} <= set(types)
    assert {"float32", "int32"} <= {packed["dtype"] for packed in arrays(payload)} <= {*types, "float16"}
    assert len(dump(payload)) < 20_000


def test_the_numbers_are_the_records(engine, recipe):
    payload = one_head(engine, recipe, {"layer": 3, "head": 4, "query": 600, "key": 17})
    record = engine.attention.one_head(recipe, 3, 4, 600, 17)
    sent = np.frombuffer(base64.b64decode(payload["output"]["part"]["data"]), "<f4")
    assert_array_equal(sent, record.output.part)
    assert payload["softmax"]["weight"] == record.softmax.weight
    assert (payload["query"], payload["key"], payload["kv_head"]) == (600, 17, 1)


def test_checks_arrive_by_step_also_far_into_a_long_prompt(engine, recipe):
    found = json.loads(dump(head_checks(engine, recipe, {"layer": 20, "head": 4, "query": 700, "key": 17})))
    assert list(found["checks"]) == ["pair", "softmax", "mix", "output"]
    assert all(check["passed"] for check in found["checks"].values()), found


@pytest.mark.parametrize("args", [{"query": "5"}, {"query": None}, {"layer": -1}, {"key": 1.5}, {"head": True}])
def test_bad_arguments_are_refused_by_name(engine, recipe, args):
    with pytest.raises(UserError, match=f"^{next(iter(args))} is "):
        one_head(engine, recipe, {"layer": 0, "head": 0, "query": 0, "key": 0} | args)
