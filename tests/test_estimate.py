"""Estimates compared with numbers worked out by hand; those for this model match its tensors."""

from dataclasses import replace

import pytest
from torch.utils.flop_counter import FlopCounterMode

from model.cache.race import pass_over, tensor_bytes
from model.cache.sizes import published, size_of
from model.engine.core import LocalEngine
from model.latency.check_whatif import whatif_checks
from model.latency.estimate import estimate, machines, model_sizes, own_size
from model.network.sequence import CachedSequence
from model.records.estimate import Machine, ModelSize
from model.records.kv import CacheShape
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.tiny import LATENT, tiny_lm
from viz.stages.latency.whatif import whatif

MACHINE = Machine("test", memory_bytes=10e9, bandwidth=1e12, flops=100e12, source="made up")
# A latent vector of 500 numbers in each of 10 layers: 10,000 bytes per token with 16 bits.
SHAPE = CacheShape("m", "MHA", n_layers=10, n_heads=8, n_kv_heads=8, d_head=64, dtype="bfloat16", latent=500)
MODEL = ModelSize("m", "m", 10**9, 10**9, SHAPE)
RECIPE = Recipe("The capital of France is", max_new_tokens=6)


def test_one_user_by_hand():
    found = estimate(MACHINE, MODEL, 16, n_prompt=1000, n_context=2000, n_users=1)
    assert found.weight_bytes == 2e9
    assert found.kv_bytes == 20e6
    assert found.max_users == (9_000_000_000 - 2_000_000_000) // 20_000_000 == 350
    assert found.itl == pytest.approx((2e9 + 20e6) / 1e12)
    # 2·1000·1e9 for the weights, and 4·10·8·64 for each of the 1000·1001/2 pairs that the causal mask allows.
    assert found.prefill_flops == pytest.approx(2e12 + 1.025024e10)
    assert found.ttft == pytest.approx(found.prefill_flops / 100e12)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_a_cache_is_as_large_as_the_cache_tab_says_whatever_the_weights_are(bits):
    gemma = next(model for model in model_sizes() if "gemma" in model.model_id)
    shape = next(shape for shape in published() if shape.model_id == gemma.model_id)
    found = estimate(MACHINE, gemma, 4, 512, 32_768, 3, bits)
    assert found.kv_bytes == size_of(shape, 32_768).bytes * bits // 16
    # 4 layers keep every token, 22 at most their window of 512, with a key and a value of 256 numbers each.
    assert found.kv_bytes == (4 * 32_768 + 22 * 512) * 2 * 256 * bits // 8
    assert found.step_reading == pytest.approx((gemma.n_parameters / 2 + 3 * found.kv_bytes) / 1e12)


def test_a_window_leaves_pairs_out_of_the_prefill_too():
    windowed = replace(MODEL, cache=replace(SHAPE, window=4, windowed_layers=10))
    # The six tokens see 1, 2, 3, 4, 4, 4 keys.
    assert estimate(MACHINE, windowed, 16, 6, 6, 1).prefill_flops == 2 * 6 * 1e9 + 4 * 10 * 8 * 64 * 18


def test_what_takes_the_memory_is_told_apart():
    found = estimate(MACHINE, MODEL, 16, 10, 10**6, 1)
    assert (found.fits, found.weights_fit, found.max_users) == (False, True, 0)
    assert not estimate(MACHINE, model_sizes()[-1], 16, 10, 10, 1).weights_fit


def test_many_users_turn_memory_bound_into_compute_bound():
    alone, many = (estimate(MACHINE, MODEL, 16, 10, 10, n) for n in (1, 1000))
    assert alone.step_reading > alone.step_computing
    assert many.step_computing == pytest.approx(2 * 1000 * 1e9 / 100e12)
    assert many.step_computing > many.step_reading
    assert many.rate == pytest.approx(1000 / many.itl)


def test_what_does_not_fit_says_so():
    found = estimate(MACHINE, model_sizes()[-1], 16, 10, 10, 1)
    assert not found.fits
    assert found.max_users == 0


def test_experts_that_sleep_are_kept_in_memory_but_not_read():
    sparse = ModelSize("moe", "moe", 10**9, 10**8, SHAPE)
    found = estimate(MACHINE, sparse, 8, 1, 1, 1)
    assert found.weight_bytes == 1e9
    assert found.step_reading == pytest.approx((1e8 + 1e4) / 1e12)
    assert estimate(MACHINE, sparse, 8, 1, 1, 1000).step_reading == pytest.approx((1e9 + 1e7) / 1e12)


def test_the_kv_bytes_of_this_model_are_those_of_its_tensors(lm):
    sequence = CachedSequence(lm, list(range(100, 121)))
    assert size_of(own_size(lm.card).cache, 20).bytes == tensor_bytes(sequence.cache)
    assert own_size(lm.card).n_parameters == own_size(lm.card).n_active == sum(p.numel() for p in lm.model.parameters())


def test_published_sizes_are_told_apart():
    known = {model.model_id: model for model in model_sizes()}
    # 2 · 32 layers · 8 heads · 128 · 2 bytes.
    assert size_of(known["meta-llama/Llama-3.1-8B"].cache, 1).bytes == 131_072
    assert known["deepseek-ai/DeepSeek-V3"].n_active < known["deepseek-ai/DeepSeek-V3"].n_parameters
    assert all(m.source for m in machines())


def test_this_machine_joins_the_list_once_it_was_measured(lm):
    engine = LocalEngine(lm)
    list(engine.run(RECIPE))
    args = {"machine": 0, "model": 0, "weight_bits": 32, "cache_bits": 32, "n_prompt": 5, "n_context": 11, "n_users": 1}
    before = whatif(engine, RECIPE, args)
    assert before["own"] is None
    list(engine.latency.roofline(RECIPE))
    after = whatif(engine, RECIPE, args)
    assert after["machines"][0]["name"] == "this machine"
    assert len(after["machines"]) == len(before["machines"]) + 1
    assert after["own"]["itl"] == after["estimate"]["itl"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_bits": 3}, "weight_bits is 3"),
        ({"cache_bits": 4}, "cache_bits is 4"),
        ({"n_users": 0}, "Users at once is 0"),
        ({"n_context": 10**9}, "Tokens in each KV cache is"),
        ({"n_prompt": None}, "Prompt tokens is empty; type a whole number from 1 to 1,000,000"),
        ({"machine": 99}, "machine is 99"),
    ],
)
def test_bad_cases_are_refused(lm, change, message):
    engine = LocalEngine(lm)
    list(engine.run(RECIPE))
    args = {"machine": 0, "model": 0, "weight_bits": 16, "n_prompt": 5, "n_context": 11, "n_users": 1}
    with pytest.raises(UserError, match=message):
        whatif(engine, RECIPE, {**args, **change})


def test_latent_attention_is_counted_by_its_unfolded_widths():
    """DeepSeek-V3 by hand: keys of 128 + 64 numbers and values of 128 in each of 128 heads and 61 layers."""
    deepseek = next(model for model in model_sizes() if "DeepSeek" in model.model_id)
    n = 32_000
    attention = 61 * 2 * 128 * (128 + 64 + 128) * n * (n + 1) // 2
    found = estimate(MACHINE, deepseek, 8, n, n, 1).prefill_flops
    assert found == pytest.approx(2 * n * 37e9 + attention)
    assert found == pytest.approx(4.9e15, rel=0.01)


def test_the_attention_of_a_small_latent_model_is_what_torch_counts():
    """torch counts the whole square of eager attention; the estimate counts the pairs that the causal mask allows."""
    tiny, n = tiny_lm("deepseek_v3", KINDS["whole words"]().tokenizer, **LATENT), 40
    tiny.model.set_attn_implementation("eager")
    tiny.model.set_experts_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        pass_over(tiny, list(range(50, 50 + n)), None)
    square = sum(flops for operation, flops in counter.get_flop_counts()["Global"].items() if "bmm" in str(operation))
    size = replace(own_size(tiny.card), n_active=0)
    assert size.cache.latent
    assert estimate(MACHINE, size, 16, n, n, 1).prefill_flops == square * (n * (n + 1) / 2) / n**2


def test_a_layer_that_keeps_no_position_has_no_bytes_to_compare():
    lm = tiny_lm("llama", KINDS["whole words"]().tokenizer, num_key_value_heads=2)
    engine, recipe = LocalEngine(lm), Recipe("the cat sat", max_new_tokens=2)
    list(engine.run(recipe))
    own, live = estimate(MACHINE, own_size(lm.card), 16, 1000, 2000, 1), engine.cache.contents(recipe)
    assert whatif_checks(lm, own, live)[0].passed
    first, *others = live.layers
    empty = replace(first, key_shape=(*first.key_shape[:2], 0, first.key_shape[3]), bytes=0)
    kv = whatif_checks(lm, own, replace(live, layers=(empty, *others)))[0]
    assert not kv.made
    assert kv.how == "layer 0 keeps no position between two passes whose bytes could be counted"
