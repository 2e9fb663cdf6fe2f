"""The residual stream is the model's own, and its parts sum up, for every structure of layers."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from model.capture.recording import ModuleCall
from model.engine.core import LocalEngine
from model.layers import window
from model.layers.block_parts import find_parts, stream_parts
from model.layers.residual import RECOMPUTED, SUM
from model.layers.window import KEPT_WINDOWS, WINDOW, window_of
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.layered import EXPERTS, LAYERED, PARALLEL, SEQUENTIAL, by_transformers, layered
from tests.tiny import tiny_lm

# Two layers in float32; a pass with a cache adds in another order than one without.
TINY = 2e-5


@pytest.mark.parametrize("family", LAYERED)
def test_what_enters_each_layer_is_transformers_own_hidden_state(lm, family):
    engine, recipe, trace = layered(family, lm.tokenizer)
    states, _ = by_transformers(engine.lm, trace)
    last = len(states[0]) - 1
    for position in (0, 3, 11, last):
        found = [engine.layers.residual(recipe, position, layer) for layer in (0, 1)]
        scale = float(states[1].abs().max())
        for layer in (0, 1):
            ours = dict(zip(found[layer].vectors_of, found[layer].vectors, strict=True))
            assert_allclose(ours["resid_pre"], states[layer][position], atol=TINY * scale)
        # transformers' last hidden state is already normed: ours plus the final norm gives it.
        first = dict(zip(found[0].vectors_of, found[0].vectors, strict=True))
        assert_allclose(first["resid_post"], states[1][position], atol=TINY * scale)


@pytest.mark.parametrize("family", LAYERED)
def test_the_parts_of_every_layer_sum_to_what_it_gives_on(lm, family):
    engine, recipe, _ = layered(family, lm.tokenizer)
    for layer in (0, 1):
        found = engine.layers.residual(recipe, 7, layer)
        part = dict(zip(found.vectors_of, found.vectors.astype(np.float64), strict=True))
        total = part["resid_pre"] + part["attn_out"] + part.get("mlp_out", 0.0)
        assert_allclose(total, part["resid_post"], atol=1e-6 * np.abs(part["resid_post"]).max())
        assert np.linalg.norm(part["attn_out"]) == pytest.approx(found.attn[layer], rel=1e-5)
        assert all(check.passed for check in found.checks)
        assert found.checks[0].name == SUM


@pytest.mark.parametrize("family", LAYERED)
def test_the_extra_pass_is_compared_with_the_run_itself(lm, family):
    engine, recipe, trace = layered(family, lm.tokenizer)
    end = engine.layers.residual(recipe, len(trace.run.tokens), 0).checks[-1]
    assert end.name == RECOMPUTED
    assert 0 <= end.error < end.tolerance / 5
    assert "the run's own logits" in end.how


def test_side_by_side_and_one_after_another_are_told_apart(lm):
    for family in (*SEQUENTIAL, *EXPERTS, *PARALLEL):
        engine, recipe, _ = layered(family, lm.tokenizer)
        found = engine.layers.residual(recipe, 2, 0)
        assert found.parallel == (family in PARALLEL), family
        assert ("resid_mid" in found.vectors_of) == (not found.parallel)
        assert found.has_attention
    for family, there in (("bloom", True), ("mamba", False)):
        engine, recipe, _ = layered(family, lm.tokenizer)
        assert engine.layers.residual(recipe, 2, 0).has_attention == there


def test_a_factor_on_what_is_added_is_found_by_numbers(lm):
    engine, recipe, _ = layered("granite", lm.tokenizer)
    assert_allclose(engine.layers.residual(recipe, 2, 0).factors, 0.4, rtol=1e-5)


def test_the_middle_is_what_the_second_norm_reads(lm, engine):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 2))
    block, seen = lm.anatomy.blocks[11], []
    handle = block.post_attention_layernorm.register_forward_pre_hook(lambda _, args: seen.append(args[0][0, 4]))
    with torch.inference_mode():
        lm.model(torch.tensor([engine.trace(recipe).run.tokens.ids]), use_cache=False)
    handle.remove()
    found = engine.layers.residual(recipe, 4, 11)
    assert_allclose(found.vectors[2], seen[0], atol=1e-5 * float(seen[0].abs().max()))
    assert found.mid[11] == pytest.approx(float(seen[0].norm()), rel=1e-5)


def test_a_network_whose_norm_comes_after_the_sum_has_no_stream_and_says_so(lm):
    # bert applies its norm to the stream itself, so no added part stays unchanged. The lens needs no parts.
    tiny = tiny_lm("bert", lm.tokenizer, is_decoder=True)
    engine, recipe = LocalEngine(tiny), Recipe("one two three")
    list(engine.run(recipe, 1))
    with pytest.raises(UserError, match="no modules of layer 0 sum to what it adds"):
        engine.layers.residual(recipe, 1, 0)
    with pytest.raises(UserError, match="no modules of layer 0 sum to what it adds"):
        engine.layers.attribution(recipe, 1)
    assert engine.layers.lens(recipe, 1, 0).checks[0].passed


def test_modules_that_do_not_sum_are_not_taken():
    pre, post = torch.randn(5, 8), torch.randn(5, 8)
    calls = [ModuleCall(torch.nn.Identity(), None, torch.randn(5, 8)) for _ in range(4)]
    assert find_parts(calls, pre, post, torch.float32) is None
    calls[1] = ModuleCall(torch.nn.Identity(), None, post - pre - calls[3].output)
    assert [part.module for part in find_parts(calls, pre, post, torch.float32)] == [calls[1].module, calls[3].module]


def test_windows_are_few_and_counted_and_one_serves_its_neighbours(lm):
    engine, recipe, trace = layered("llama", lm.tokenizer)
    trace.windows.clear()
    bare = trace.nbytes()
    first = window_of(engine.lm, trace, 2)
    assert (first.start, first.stop, first.forwarded) == (0, WINDOW, WINDOW)
    assert window_of(engine.lm, trace, 9) is first
    assert trace.nbytes() == bare + first.nbytes() > bare
    last = window_of(engine.lm, trace, trace.capture.n_positions - 1)
    assert last.stop == trace.capture.n_positions
    assert len(trace.windows) <= KEPT_WINDOWS


def test_a_window_that_the_end_of_the_run_cut_short_is_made_again_when_the_run_has_grown(lm, engine):
    recipe = Recipe("One two three")
    list(engine.run(recipe, 1))
    assert engine.layers.residual(recipe, 0, 0).note.stop == 3
    list(engine.run(recipe, 4))
    assert engine.layers.residual(recipe, 0, 0).note.stop == 6


def test_a_run_whose_values_differ_from_the_extra_pass_is_not_shown(lm):
    engine, recipe, trace = layered("qwen3", lm.tokenizer)
    trace.windows.clear()
    kept, trace.logits[0] = trace.logits[0], trace.logits[0] + 1
    with pytest.raises(UserError, match="'recomputed = run' failed with an error of 1"):
        engine.layers.residual(recipe, len(trace.run.tokens) - 1, 0)
    trace.logits[0] = kept
    trace.windows.clear()
    assert engine.layers.residual(recipe, len(trace.run.tokens) - 1, 0).checks[-1].passed


def test_positions_and_layers_that_are_not_there_are_refused(lm, monkeypatch):
    engine, recipe, trace = layered("mamba", lm.tokenizer)
    n = trace.capture.n_positions
    with pytest.raises(UserError, match=f"position is {n}; it must be a whole number from 0 to {n - 1}"):
        engine.layers.residual(recipe, n, 0)
    with pytest.raises(UserError, match="layer is 2; it must be a whole number from 0 to 1"):
        engine.layers.residual(recipe, 0, 2)
    trace.windows.clear()
    monkeypatch.setattr(window, "MAX_FORWARDED", 17)
    with pytest.raises(UserError, match=f"all {n} positions would be forwarded again; the limit is 17"):
        engine.layers.residual(recipe, n - 1, 0)


def test_parts_are_looked_for_once_a_model(lm):
    engine, _, _ = layered("llama", lm.tokenizer)
    assert stream_parts(engine.lm) is stream_parts(engine.lm)
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in engine.lm.model.modules()]
    stream_parts.cache_clear()
    stream_parts(engine.lm)
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in engine.lm.model.modules()]


def test_bfloat16_finds_the_same_parts_under_a_stream_that_it_rounds_by_more_than_is_added(lm):
    # At position 0 the norm of the bundled model's stream is so large that bfloat16 rounds away most layers' output.
    from model.loading.load import assemble

    half = assemble(copy.deepcopy(lm.model).to(torch.bfloat16), lm.tokenizer, "bfloat16")
    engine, recipe = LocalEngine(half), Recipe("The capital of France is", max_new_tokens=2)
    list(engine.run(recipe))
    for parts in stream_parts(half).blocks:
        assert [type(parts.mixer.module).__name__, type(parts.mlp.module).__name__] == ["LlamaAttention", "LlamaMLP"]
    assert all(check.passed for check in engine.layers.residual(recipe, 4, 0).checks)
    found = engine.layers.attribution(recipe, 4)
    assert found.total == pytest.approx(found.logit, abs=0.3)
