"""The answers of the Layers views: the records' numbers, limited in size; every argument is validated."""

import base64
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from model.request.errors import UserError
from model.request.recipe import Recipe
from viz.stages.layers import VIEWS
from viz.wire.payload import dump

RECIPE = Recipe("The capital of France is")
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def look(engine):
    list(engine.run(RECIPE, 3))
    return lambda name, **args: VIEWS[name](engine, RECIPE, args)


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["data"]), packed["dtype"]).reshape(packed["shape"])


def test_the_numbers_are_those_of_the_records(engine, look):
    record, sent = engine.layers.lens(RECIPE, 2, 0), look("layers_lens", position=2, row_start=0)
    assert_array_equal(unpacked(sent["top_ids"]), record.top_ids)
    assert_array_equal(unpacked(sent["entropy"]), record.entropy)
    assert sent["texts"] == {token.id: token.text for token in record.tokens}
    record, sent = engine.layers.residual(RECIPE, 2, 3), look("layers_residual", position=2, layer=3)
    assert sent["vectors_of"] == ["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"]
    assert_array_equal(unpacked(sent["vectors"]), record.vectors)
    record, sent = (
        engine.layers.attribution(RECIPE, 4, 7042, 5),
        look("layers_attribution", position=4, token=7042, against=5),
    )
    assert_array_equal(unpacked(sent["heads"]), record.heads)
    assert (sent["token"]["id"], sent["against"]["id"], sent["logit"]) == (7042, 5, record.logit)
    record, sent = engine.layers.neurons(RECIPE, 7, 4, 10), look("layers_neurons", layer=7, position=4)
    assert [neuron["index"] for neuron in sent["neurons"]] == [neuron.index for neuron in record.neurons]
    assert_allclose([t["by"] for t in sent["neurons"][0]["promotes"]], record.neurons[0].promoted_by, rtol=1e-6)


def test_every_answer_is_small_and_says_where_it_is_from_and_how_well_it_agrees(look):
    answers = (
        look("layers_lens", position=4, row_start=0),
        look("layers_residual", position=4, layer=29),
        look("layers_attribution", position=4),
        look("layers_neurons", layer=29, position=4, k=20),
    )
    for answer in answers:
        assert len(dump(answer)) < MOST_BYTES
        assert answer["note"]["start"] <= 4 < answer["note"]["stop"]
        assert all(check["passed"] for check in answer["checks"])
        assert len(answer["checks"]) >= 2


@pytest.mark.parametrize("bad", [None, -1, 1.5, "4", True, math.nan, 10**12, [4]])
def test_bad_arguments_are_refused_by_name(look, bad):
    for name, args in (
        ("layers_lens", {"row_start": 0}),
        ("layers_residual", {"layer": 0}),
        ("layers_attribution", {}),
        ("layers_neurons", {"layer": 0}),
    ):
        with pytest.raises(UserError, match="position is"):
            look(name, position=bad, **args)
    for name in ("token", "against"):
        if bad is not None:
            with pytest.raises(UserError, match=f"{name} is"):
                look("layers_attribution", position=4, **{name: bad})
