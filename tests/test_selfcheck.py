"""The self-checks detect errors, and views whose check failed are refused with the reason."""

import math
from dataclasses import replace

import pytest
import torch

from model.attention.check_run import CHECKED_POSITIONS, run_checks
from model.attention.maps import attention_tile, refuse_without_maps
from model.capture import pattern
from model.capture.capture import SDPA, Capture
from model.engine.core import LocalEngine
from model.loading import check_model
from model.loading.check_model import CACHED, MAPS, OUTPUT, ROWS, SAME, verify
from model.network.forward import forward, new_cache
from model.network.tolerances import MAP_TOLERANCE
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.tiny import tiny_lm


def test_the_bundled_model_passes_with_errors_far_below_what_is_allowed(lm):
    assert [check.name for check in lm.card.checks] == [MAPS, ROWS, SAME, OUTPUT, CACHED]
    for check in lm.card.checks:
        assert 0 < check.error < check.tolerance / 5, check
    assert lm.model.config._attn_implementation == SDPA


def test_the_layers_with_attention_are_those_the_config_names(lm):
    hybrid = tiny_lm("jamba", lm.tokenizer, attn_layer_period=2, attn_layer_offset=1, num_key_value_heads=2)
    named = [i for i, kind in enumerate(hybrid.model.config.layers_block_type) if kind == "attention"]
    assert list(hybrid.card.attention_layers) == named == [1]
    assert lm.card.attention_layers == tuple(range(30))


def test_the_check_leaves_the_models_hooks_as_they_were(lm):
    hooks = [len(module._forward_hooks) for module in lm.model.modules()]
    verify(lm)
    assert [len(module._forward_hooks) for module in lm.model.modules()] == hooks


def test_a_wrong_map_is_found_and_then_refused(lm, monkeypatch):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)
    right = pattern.pattern_rows
    monkeypatch.setattr(check_model, "pattern_rows", lambda *a, **k: right(*a, **k).roll(1, dims=0))
    broken = verify(tiny)
    assert not broken.card.checks[0].passed
    assert broken.card.checks[1].name == CACHED
    assert broken.card.checks[1].passed
    held = Capture()
    forward(broken, [1, 2, 3], new_cache(broken), held)
    with pytest.raises(UserError, match="No attention maps for 'tiny llama': largest difference"):
        attention_tile(broken, held, 0, 0, (0, 1), (0, 1))


def test_a_family_that_breaks_is_loaded_without_maps_and_says_what_broke(lm, monkeypatch):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)

    def breaking(*_):
        raise RuntimeError("this family is different")

    monkeypatch.setattr(check_model, "eager_patterns", breaking)
    broken = verify(tiny)
    assert math.isnan(broken.card.checks[0].error)
    with pytest.raises(UserError, match="this family is different"):
        refuse_without_maps(broken, Capture())


def test_a_model_that_cannot_be_run_is_refused_by_name(lm):
    with pytest.raises(UserError, match="'tiny mistral' was loaded, but a forward pass over 16 tokens failed"):
        tiny_lm("mistral", lm.tokenizer, num_key_value_heads=8)  # more than its 4 query heads


def test_weights_that_are_no_numbers_are_named_as_such(lm):
    tiny = tiny_lm("llama", lm.tokenizer)
    with torch.no_grad():
        tiny.model.lm_head.weight[0] = torch.nan
    with pytest.raises(UserError, match="'tiny llama' was loaded, but its logits are not numbers") as error:
        verify(tiny)
    assert "is allowed" not in str(error.value)


def test_a_model_without_attention_has_nothing_to_check_and_says_what_is_off(lm):
    """Its card comes from a config without heads, like Mamba's."""
    tiny = tiny_lm("mamba", lm.tokenizer, attention="eager", state_size=8)
    bare = replace(tiny, card=replace(tiny.card, n_heads=0))
    assert [(check.name, check.made) for check in tiny.card.checks] == [(MAPS, False), (CACHED, True)]
    assert tiny.card.d_mlp == 0
    assert lm.card.d_mlp == 1536
    engine, recipe = LocalEngine(bare), Recipe("one two three", max_new_tokens=3)
    list(engine.run(recipe))
    found = engine.attention.check_run(recipe, 0, 0)
    assert [check.name for check in found.checks] == [CACHED]
    assert found.skipped == ("captured = eager: there are no maps of this model to check.",)
    with pytest.raises(UserError, match="What needs attention, or keys and values, is off; all else"):
        engine.attention.overview(recipe, 0, 3)


def test_a_model_nobody_checked_but_with_a_capture_is_not_refused(lm):
    unchecked = replace(lm, card=replace(lm.card, checks=()))
    held = Capture()
    forward(unchecked, [1, 2, 3], new_cache(unchecked), held)
    refuse_without_maps(unchecked, held)
    with pytest.raises(UserError, match="nothing was captured"):
        refuse_without_maps(unchecked, Capture())


def test_a_runs_checks_measure_its_own_head_and_its_last_step(lm, engine):
    recipe = Recipe("Rivers run to the")
    run = list(engine.run(recipe, 3))[-1]
    found = engine.attention.check_run(recipe, 17, 4)
    assert [check.name for check in found.checks] == [MAPS, ROWS, CACHED]
    assert all(check.passed and check.error < 1e-3 for check in found.checks)
    assert f"position {len(run.tokens) + 1} " in found.checks[2].how
    assert (found.layer, found.head, found.skipped) == (17, 4, ())


def test_a_runs_check_notices_a_wrong_query(lm):
    tiny = tiny_lm("gpt2", lm.tokenizer)
    engine, recipe = LocalEngine(tiny), Recipe("one two three four")
    for _ in engine.run(recipe, 2):
        pass
    trace = engine.trace(recipe)
    with torch.inference_mode():
        trace.capture.layers[1].chunks[0].query[2] += 1
    trace.logits[-1] = trace.logits[-1] + 1
    maps, rows, cached = run_checks(tiny, trace, 1, 2).checks
    assert not maps.passed
    assert rows.passed
    assert not cached.passed
    assert run_checks(tiny, trace, 1, 1).checks[0].passed


def test_a_long_run_is_checked_over_its_first_positions_and_says_what_was_left_out(lm):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)
    engine = LocalEngine(tiny, max_prompt_tokens=2000)
    engine.lm.card.__dict__["context"] = 2000
    recipe = Recipe("word " * (CHECKED_POSITIONS + 20))
    for _ in engine.run(recipe, 0):
        pass
    found = engine.attention.check_run(recipe, 0, 0)
    assert [check.name for check in found.checks] == [MAPS, ROWS]
    assert f"{CHECKED_POSITIONS} positions" in found.checks[0].how
    assert found.skipped[0].startswith("cached = full: the prompt has")


def test_bfloat16_is_allowed_what_its_eight_bits_lose(lm):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)
    tiny.model.to(torch.bfloat16)
    checked = verify(tiny)
    assert all(check.passed for check in checked.card.checks)
    assert checked.card.checks[0].tolerance == MAP_TOLERANCE[torch.bfloat16]
