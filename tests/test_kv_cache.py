"""The KV cache record agrees with the model's arithmetic and with the bytes of its tensors."""

import pytest
import torch

from model.cache.contents import describe_cache
from model.capture.capture import Capture
from model.engine.core import LocalEngine
from model.network.eager import full_logits
from model.network.forward import forward, new_cache
from model.request.recipe import Recipe
from tests.tiny import tiny_lm


def ran(engine, prompt, n_steps):
    recipe = Recipe(prompt)
    run = list(engine.run(recipe, n_steps))[-1]
    return run, engine.trace(recipe)


def test_bytes_are_two_times_layers_heads_dimensions_positions_and_size(lm, engine):
    run, trace = ran(engine, "The KV cache holds keys and values", 4)
    record, card = describe_cache(trace), lm.card
    n = len(run.tokens) + 3
    assert record.n_positions == n
    assert record.bytes == 2 * card.n_layers * card.n_kv_heads * card.d_head * n * 4
    assert record.bytes == sum(x.keys.nbytes + x.values.nbytes for x in trace.cache.layers)
    assert record.bytes_without_sharing == 2 * card.n_layers * card.n_heads * card.d_head * n * 4
    assert all(layer.key_shape == (1, 3, n, 64) for layer in record.layers)


def test_one_more_token_adds_what_the_record_says(engine):
    _, trace = ran(engine, "One more token", 2)
    before = describe_cache(trace)
    _, trace = ran(engine, "One more token", 3)
    after = describe_cache(trace)
    assert after.n_positions == before.n_positions + 1
    assert after.bytes - before.bytes == before.bytes_per_token == 2 * 30 * 3 * 64 * 4


def test_a_full_window_takes_no_more(lm):
    tiny = tiny_lm("gemma3_text", lm.tokenizer, num_key_value_heads=2, head_dim=16, sliding_window=8)
    _, trace = ran(LocalEngine(tiny), "one two three four five six seven eight nine ten", 3)
    record = describe_cache(trace)
    assert [layer.window for layer in record.layers] == [8, 8]
    assert all(layer.key_shape[-2] == 7 for layer in record.layers)
    assert record.bytes_per_token == 0
    assert record.n_positions == trace.capture.n_positions > 8


def test_a_model_without_keys_has_an_empty_cache(lm):
    mamba = tiny_lm("mamba", lm.tokenizer, attention="eager", state_size=8)
    _, trace = ran(LocalEngine(mamba), "no keys here", 2)
    record = describe_cache(trace)
    assert (record.layers, record.bytes, record.bytes_per_token) == ((), 0, 0)
    assert record.n_heads == 0


def test_multi_query_attention_shares_one_head(lm):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=1)
    _, trace = ran(LocalEngine(tiny), "one head for all", 1)
    record = describe_cache(trace)
    assert (record.n_heads, record.n_kv_heads) == (4, 1)
    assert record.bytes_without_sharing == 4 * record.bytes


def test_every_decoded_step_equals_a_pass_without_the_cache(lm):
    """Tolerance: 1e-4 of the largest logit, ten times the measured 1e-6 of thirty float32 layers."""
    run, trace = ran(LocalEngine(lm), "def fibonacci(n):\n", 6)
    ids, start = trace.fed_ids, len(run.tokens) - 1
    with torch.inference_mode():
        own = lm.model(torch.tensor([ids]), use_cache=False).logits[0, start:]
    assert len(own) == len(trace.logits) == 6
    for step, (logits, full) in enumerate(zip(trace.logits, own, strict=True)):
        assert (logits - full).abs().max() <= 1e-4 * full.abs().max()
        ours = full_logits(lm, ids[: start + step + 1])
        assert (ours - full).abs().max() <= 1e-4 * full.abs().max()


@pytest.mark.parametrize(("family", "settings"), [("gpt2", {}), ("mistral", {"num_key_value_heads": 2})])
def test_prefill_in_chunks_fills_the_same_cache(lm, family, settings):
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    ids = [5 * i % 499 for i in range(24)]
    whole, parts = new_cache(tiny), new_cache(tiny)
    forward(tiny, ids, whole, Capture())
    captured = Capture()
    for start in range(0, 24, 5):
        forward(tiny, ids[start : start + 5], parts, captured)
    for one, other in zip(whole.layers, parts.layers, strict=True):
        assert (one.keys - other.keys).abs().max() < 1e-5
        assert (one.values - other.values).abs().max() < 1e-5
