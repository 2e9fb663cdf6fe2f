"""BertViz gets this run's own numbers, requests nothing from other hosts, and treats no token as markup."""

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from model.request.errors import UserError
from model.request.recipe import Recipe
from viz.stages.attention.bertviz import bertviz
from viz.stages.attention.bertviz_page import as_script, offline
from viz.wire.payload import dump

LONG = "The quick brown fox jumps over the lazy dog, then sleeps. " * 9
HOSTILE = "</script><script>parent.attacked=1</script> <!--<script> <img src=x onerror=alert(1)> 🙂"
# Four decimals are sent.
ROUNDING = 5.1e-5


def shown(engine, recipe, kind, **args):
    given = {"kind": kind, "layer": 3, "head": 4, "position": 0, "n_positions": 6} | args
    found = bertviz(engine, recipe, given)
    marker = "window.bertviz_params = " if kind == "neuron" else "const params = "
    start = found["html"].index(marker) + len(marker)
    return found, json.JSONDecoder().raw_decode(found["html"][start:])[0]["attention"]


def prefilled(engine, prompt):
    recipe = Recipe(prompt, max_new_tokens=1)
    run = list(engine.run(recipe, 0))[-1]
    return recipe, len(run.tokens)


@pytest.fixture(scope="module")
def short(engine):
    return prefilled(engine, "The capital of France is Paris and")


@pytest.fixture(scope="module")
def long(engine):
    recipe, n = prefilled(engine, LONG)
    assert n > 100, "shorter than what a view has room for"
    return recipe, n


def test_the_numbers_in_the_head_view_are_the_captured_ones(engine, short):
    recipe, n = short
    found, data = shown(engine, recipe, "head", n_positions=n)
    maps = np.array(data[0]["attn"])
    assert maps.shape == (1, 9, n, n)
    for head in range(9):
        assert_allclose(maps[0, head], engine.attention.pattern(recipe, 3, head, n), atol=ROUNDING)
    assert data[0]["left_text"] == ["The", "·capital", "·of", "·France", "·is", "·Paris", "·and"]
    assert (found["layers"], found["start"], found["stop"]) == ([3], 0, n)


def test_the_model_view_has_the_layers_around_the_selected_one_under_their_own_numbers(engine, short):
    recipe, n = short
    found, data = shown(engine, recipe, "model", layer=12, n_positions=n)
    assert found["layers"] == [10, 11, 12, 13]
    assert '"include_layers":[10,11,12,13]' in found["html"]
    for place, layer in enumerate(found["layers"]):
        own = engine.attention.pattern(recipe, layer, 7, n)
        assert_allclose(np.array(data[0]["attn"])[place, 7], own, atol=ROUNDING)
    assert shown(engine, recipe, "model", layer=29, n_positions=n)[0]["layers"] == [26, 27, 28, 29]


def test_the_neuron_views_queries_and_keys_give_its_weights(engine, short):
    recipe, n = short
    _, data = shown(engine, recipe, "neuron", n_positions=n)
    query, key = np.array(data["all"]["queries"])[0, 0], np.array(data["all"]["keys"])[0, 0]
    scores = query @ key.T / np.sqrt(query.shape[1])
    scores[np.triu_indices(n, 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    # Queries and keys are rounded before the product.
    assert_allclose(weights, np.array(data["all"]["attn"])[0, 0], atol=1e-3)
    assert_allclose(np.array(data["all"]["attn"])[0, 0], engine.attention.pattern(recipe, 3, 4, n), atol=ROUNDING)


@pytest.mark.parametrize(("kind", "most"), [("head", 64), ("model", 32), ("neuron", 64)])
def test_a_long_prompt_is_shown_in_part_and_the_answer_stays_small(engine, long, kind, most):
    recipe, n = long
    for position in (0, 90, n - 1):
        found, _ = shown(engine, recipe, kind, position=position, n_positions=n)
        assert found["start"] <= position < found["stop"]
        assert (found["stop"] - found["start"], found["n_positions"]) == (most, n)
        assert len(json.dumps(dump({"ok": found}))) < 200_000
    assert bertviz(engine, recipe, {"kind": kind, "layer": 3, "head": 4, "position": 5, "n_positions": n})["start"] == 0


def test_a_window_in_the_middle_has_that_part_of_the_map(engine, long):
    recipe, n = long
    found, data = shown(engine, recipe, "head", position=n - 1, n_positions=n)
    own = engine.attention.pattern(recipe, 3, 8, n)[found["start"] :, found["start"] :]
    assert_allclose(np.array(data[0]["attn"])[0, 8], own, atol=ROUNDING)


@pytest.mark.parametrize("kind", ["head", "model", "neuron"])
def test_nothing_is_asked_of_another_host(engine, short, kind):
    recipe, n = short
    html = shown(engine, recipe, kind, n_positions=n)[0]["html"]
    assert not re.search(r"""(src|href)\s*=|['"]https?:|@import|url\(""", html)
    assert "cdnjs" not in html


@pytest.mark.parametrize("kind", ["head", "model", "neuron"])
def test_a_token_cannot_end_the_script_it_stands_in(engine, kind):
    recipe, n = prefilled(engine, HOSTILE)
    n = min(n, 32)
    found, data = shown(engine, recipe, kind, n_positions=n)
    labels = data["all"]["left_text"] if kind == "neuron" else data[0]["left_text"]
    assert any("script" in text for text in labels)
    assert len(re.findall("(?i)</script", found["html"])) == len(re.findall("(?i)<script", found["html"]))
    parameters = found["html"].split("arams = ")[1].split("</script")[0].split("\n")[0]
    assert "<" not in parameters
    assert "onerror" not in re.sub(re.escape(parameters), "", found["html"])


def test_text_for_a_script_reads_back_as_it_was():
    text = "</script><!--<script>&\u2028'\"\\ 🙂"
    written = as_script({"token": text, "weight": 0.123456, "none": 0.0})
    assert json.loads(written) == {"token": text, "weight": 0.1235, "none": 0}
    assert not set("<>&\u2028") & set(written)


def test_bertvizs_own_page_keeps_its_code():
    page = offline('<script src="https://a.b/c.js"></script>const params = {"a": 1.0}; // {"a": 1.0}\nlet x;\n')
    assert "a.b" not in page
    assert page.endswith('const params = {"a":1};\nlet x;\n')


@pytest.mark.parametrize(("args", "said"), [
    ({"kind": "other"}, "kind is 'other'"),
    ({"kind": "head", "layer": 77}, "layer is 77"),
    ({"kind": "neuron", "head": 77}, "head is 77"),
    ({"kind": "head", "n_positions": 5000}, "stop is"),
])  # fmt: skip
def test_what_does_not_exist_is_refused_by_name(engine, short, args, said):
    recipe, _ = short
    with pytest.raises(UserError, match=said):
        bertviz(engine, recipe, {"layer": 3, "head": 4, "position": 0, "n_positions": 5} | args)
