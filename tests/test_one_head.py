"""Every step of one head equals what the model itself computes, in families that differ in these steps."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from model.attention.find_output import output_of
from model.attention.head_output import head_parts, output_bias
from model.engine.core import LocalEngine
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.test_capture import FAMILIES, transformers_own
from tests.tiny import tiny_lm

SHOWN = (
    "llama",
    "gpt2",
    "gpt_neox",
    "gemma2",
    "mistral",
    "gpt_oss",
    "phi3",
    "mixtral",
    "opt",
    "qwen3",
    "olmo2",
)
OUTPUT = {"gpt2": "c_proj", "gpt_neox": "dense", "opt": "out_proj"}
TEXT = "the cat sat on the mat and the cat slept on it all day"
# float64 compared with the model's float32, through two layers.
TINY = 5e-6


@pytest.fixture(scope="module")
def tinies(lm):
    """(engine, recipe, trace) of a tiny model of a family, created on first use."""
    made = {}

    def get(family):
        if family not in made:
            tiny = tiny_lm(family, lm.tokenizer, **FAMILIES[family])
            engine, recipe = LocalEngine(tiny), Recipe(TEXT, max_new_tokens=4)
            list(engine.run(recipe))
            trace = engine.trace(recipe)
            assert trace.capture.n_positions > 14, "shorter than two windows"
            made[family] = engine, recipe, trace
        return made[family]

    return get


def output_hooked(lm, trace, layer, name):
    """The input of W_O and the output of the attention module in one plain pass: none of our code."""
    module, seen = trace.capture.layers[layer].module, {}
    projection = module.get_submodule(name)
    handles = [
        projection.register_forward_pre_hook(lambda _, args: seen.update(z=args[0][0])),
        module.register_forward_hook(lambda _m, _a, out: seen.update(attn_out=out[0][0])),
    ]
    with torch.inference_mode():
        lm.model(torch.tensor([trace.fed_ids]), use_cache=False)
    for handle in handles:
        handle.remove()
    return seen["z"].numpy(), seen["attn_out"].numpy()


@pytest.mark.parametrize("family", SHOWN)
def test_weights_z_and_w_o_s_output_are_the_models_own(tinies, family):
    engine, recipe, trace = tinies(family)
    maps, _ = transformers_own(engine.lm, trace.fed_ids)
    z, attn_out = output_hooked(engine.lm, trace, 1, OUTPUT.get(family, "o_proj"))
    n = trace.capture.n_positions
    for head in range(4):
        for query in (0, 5, n - 1):
            found = engine.attention.one_head(recipe, 1, head, query)
            own = maps[1, head, query].numpy()
            assert_allclose((own[found.key], found.softmax.weight), own.max(), atol=TINY)
            assert_allclose(found.softmax.top_weights, np.sort(own[own > 0])[::-1][:6], atol=TINY)
            assert_allclose(found.softmax.top_weights.sum() + found.softmax.rest, own.sum(), atol=TINY)
            assert_allclose(found.mix.z, z[query].reshape(4, -1)[head], atol=TINY)
            assert_allclose(found.output.w_o_out, attn_out[query], atol=TINY)


@pytest.mark.parametrize("family", SHOWN)
def test_each_step_follows_from_those_before_it(tinies, family):
    engine, recipe, trace = tinies(family)
    n = trace.capture.n_positions
    for key in (0, 6, n - 2, n - 1):
        found = engine.attention.one_head(recipe, 1, 2, n - 2, key)
        pair, row, mix = found.pair, found.softmax, found.mix
        assert_allclose(pair.products, pair.query_vector * pair.key_vector, rtol=1e-6)
        assert_allclose(pair.dot, pair.products.sum(dtype=np.float64), atol=1e-6)
        assert_allclose(pair.scaled, pair.dot * pair.scaling)
        cap = pair.softcap
        assert_allclose(pair.capped, cap * math.tanh(pair.scaled / cap) if cap else pair.scaled)
        assert pair.score == pair.capped + pair.bias
        weight = 0.0 if pair.hidden else math.exp(pair.score - row.largest) / row.denominator
        assert_allclose(row.weight, weight, rtol=1e-12)
        assert_allclose(row.top_weights.sum() + row.rest + row.sink_weight, 1, atol=1e-6)
        assert_allclose(mix.weighted, row.weight * mix.value_vector, rtol=1e-6)


@pytest.mark.parametrize("family", SHOWN)
def test_the_parts_of_all_heads_and_the_bias_are_w_o_s_output(tinies, family):
    engine, recipe, _ = tinies(family)
    found = [engine.attention.one_head(recipe, 0, head, 9).output for head in range(4)]
    projection = output_of(engine.lm, 0).projection
    total = sum(output.part for output in found) + output_bias(projection).numpy()
    assert_allclose(total, found[0].w_o_out, atol=1e-6)
    assert_allclose(found[0].shares.sum() + found[0].bias_share, 1, atol=1e-6)
    assert_allclose(found[0].norms, [np.linalg.norm(output.part) for output in found], rtol=1e-5)


@pytest.mark.parametrize("family", SHOWN)
def test_the_second_pass_over_one_position_agrees_at_the_first_a_middle_and_the_last(tinies, family):
    engine, recipe, trace = tinies(family)
    for layer, query in ((0, 0), (1, 7), (1, trace.capture.n_positions - 1)):
        found = engine.attention.check_head(recipe, layer, 3, query, 2)
        assert found.steps == ("pair", "softmax", "mix", "output")
        assert all(check.passed for check in found.checks), found.checks


def test_a_wrong_number_fails_its_check(tinies):
    engine, recipe, trace = tinies("llama")

    def failing_with(tensors):
        kept, tensors[0] = tensors[0], 1.5 * tensors[0]
        found = [c.name for c in engine.attention.check_head(recipe, 1, 3, 7, 2).checks if not c.passed]
        tensors[0] = kept
        return found

    captured = trace.capture.layers[1]
    assert failing_with(captured.values) == ["z = input of W_O", "heads sum to W_O's output"]
    assert "weights = eager" in failing_with(captured.keys)


def test_parts_of_many_positions_are_w_o_times_the_heads_side_by_side(tinies):
    engine, _, _ = tinies("gpt2")
    projection = output_of(engine.lm, 0).projection
    z = torch.randn(4, 5, 16)
    with torch.inference_mode():
        own = projection.module(z.transpose(0, 1).flatten(1))
    assert_allclose((head_parts(projection, z).sum(0) + output_bias(projection)).numpy(), own, atol=1e-5)


def test_what_a_query_cannot_see_is_named_and_weighs_nothing(tinies):
    engine, recipe, trace = tinies("mistral")
    last = trace.capture.n_positions - 1
    later, outside = engine.attention.one_head(recipe, 1, 0, 5, 6), engine.attention.one_head(recipe, 1, 0, last, 2)
    assert (later.pair.hidden, outside.pair.hidden) == ("later", "window")
    assert later.softmax.weight == outside.softmax.weight == 0
    assert outside.softmax.first_key == last - 7
    assert outside.softmax.n_visible == 8
    assert not later.mix.weighted.any()


def test_sinks_and_softcaps_are_shown_only_where_the_model_has_them(tinies):
    plain, sunk, capped = (
        engine.attention.one_head(recipe, 1, 0, 9) for engine, recipe, _ in map(tinies, ("llama", "gpt_oss", "gemma2"))
    )
    assert (plain.softmax.sink, plain.pair.softcap) == (None, None)
    assert 0 < sunk.softmax.sink_weight < 1
    assert capped.pair.softcap == 50.0


def test_query_heads_of_a_group_read_the_same_key(lm, engine):
    recipe = Recipe(TEXT, max_new_tokens=1)
    list(engine.run(recipe))
    found = [engine.attention.one_head(recipe, 12, head, 8, 3) for head in range(9)]
    assert [one.kv_head for one in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for one in found:
        assert (one.pair.key_vector == found[one.kv_head * 3].pair.key_vector).all()
        assert (one.mix.value_vector == found[one.kv_head * 3].mix.value_vector).all()


def test_the_bundled_model_passes_at_every_layer(engine):
    recipe = Recipe("The capital of France is", max_new_tokens=3)
    list(engine.run(recipe))
    for layer in range(0, 30, 5):
        checks = engine.attention.check_head(recipe, layer, layer % 9, 6, 0).checks
        assert len(checks) == 4
        assert all(check.passed for check in checks), (layer, checks)


@pytest.mark.parametrize(("args", "said"), [
    ((99, 0, 3, 0), "layer is 99"),
    ((0, 9, 3, 0), "head is 9"),
    ((0, 0, 500, 0), "query is 500"),
    ((0, 0, 3, 500), "key is 500"),
    ((0, 0, 3, -1), "key is -1"),
])  # fmt: skip
def test_what_does_not_exist_is_refused_by_name(engine, args, said):
    recipe = Recipe("The capital of France is", max_new_tokens=1)
    list(engine.run(recipe))
    for call in (engine.attention.one_head, engine.attention.check_head):
        with pytest.raises(UserError, match=said):
            call(recipe, *args)
