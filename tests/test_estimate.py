"""Estimates on hand-worked numbers; what they say of this model is what its tensors hold."""

import pytest

from model.cache_race import held_bytes
from model.decoding import Decoding
from model.engine import LocalEngine
from model.errors import UserError
from model.estimate import estimate, machines, models, own_size
from model.recipe import Recipe
from model.records_estimate import Machine, ModelSize
from viz.views.whatif import whatif

MACHINE = Machine("test", memory_bytes=10e9, bandwidth=1e12, flops=100e12, source="made up")
MODEL = ModelSize("m", "m", 10**9, 10**9, n_layers=10, n_heads=8, d_head=64, kv_bytes_per_token=10_000)
RECIPE = Recipe("The capital of France is", max_new_tokens=6)


def test_one_user_by_hand():
    found = estimate(MACHINE, MODEL, 16, n_prompt=1000, n_context=2000, n_users=1)
    assert found.weight_bytes == 2e9
    assert found.kv_bytes == 20e6
    assert found.max_users == (9_000_000_000 - 2_000_000_000) // 20_000_000 == 350
    assert found.itl == pytest.approx((2e9 + 20e6) / 1e12)
    # 2·1000·1e9 of the weights, and 4·10·8·64·1000² of attention.
    assert found.prefill_flops == pytest.approx(2e12 + 2.048e10)
    assert found.ttft == pytest.approx(found.prefill_flops / 100e12)


def test_many_users_turn_memory_bound_into_compute_bound():
    alone, many = (estimate(MACHINE, MODEL, 16, 10, 10, n) for n in (1, 1000))
    assert alone.step_reading > alone.step_computing
    assert many.step_computing == pytest.approx(2 * 1000 * 1e9 / 100e12)
    assert many.step_computing > many.step_reading
    assert many.rate == pytest.approx(1000 / many.itl)


def test_what_does_not_fit_says_so():
    found = estimate(MACHINE, models()[-1], 16, 10, 10, 1)
    assert not found.fits
    assert found.max_users == 0


def test_experts_that_sleep_are_kept_in_memory_but_not_read():
    sparse = ModelSize("moe", "moe", 10**9, 10**8, 10, 8, 64, 10_000)
    found = estimate(MACHINE, sparse, 8, 1, 1, 1)
    assert found.weight_bytes == 1e9
    assert found.step_reading == pytest.approx((1e8 + 1e4) / 1e12)
    assert estimate(MACHINE, sparse, 8, 1, 1, 1000).step_reading == pytest.approx((1e9 + 1e7) / 1e12)


def test_the_kv_bytes_of_this_model_are_those_of_its_tensors(lm):
    decoding = Decoding(lm, list(range(100, 121)))
    assert own_size(lm.card).kv_bytes_per_token * 20 == held_bytes(decoding.cache)
    assert own_size(lm.card).n_parameters == own_size(lm.card).n_active == sum(p.numel() for p in lm.model.parameters())


def test_published_sizes_are_told_apart():
    known = {model.model_id: model for model in models()}
    # 2 · 32 layers · 8 heads · 128 · 2 bytes.
    assert known["meta-llama/Llama-3.1-8B"].kv_bytes_per_token == 131_072
    assert known["deepseek-ai/DeepSeek-V3"].n_active < known["deepseek-ai/DeepSeek-V3"].n_parameters
    assert all(m.source for m in machines())


def test_this_machine_joins_the_list_once_it_was_measured(lm):
    engine = LocalEngine(lm)
    list(engine.run(RECIPE))
    args = {"machine": 0, "model": 0, "weight_bits": 32, "n_prompt": 5, "n_context": 11, "n_users": 1}
    before = whatif(engine, RECIPE, args)
    assert before["own"] is None
    list(engine.roofline(RECIPE))
    after = whatif(engine, RECIPE, args)
    assert after["machines"][0]["name"] == "this machine"
    assert len(after["machines"]) == len(before["machines"]) + 1
    assert after["own"]["itl"] == after["estimate"]["itl"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_bits": 3}, "weight_bits is 3"),
        ({"n_users": 0}, "n_users is 0"),
        ({"n_context": 10**9}, "n_context is"),
        ({"machine": 99}, "machine is 99"),
    ],
)
def test_bad_cases_are_refused(lm, change, message):
    engine = LocalEngine(lm)
    list(engine.run(RECIPE))
    args = {"machine": 0, "model": 0, "weight_bits": 16, "n_prompt": 5, "n_context": 11, "n_users": 1}
    with pytest.raises(UserError, match=message):
        whatif(engine, RECIPE, {**args, **change})
