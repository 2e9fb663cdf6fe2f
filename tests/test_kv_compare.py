"""The size of a KV cache by arithmetic equals that of transformers' own cache for the model's config."""

import json

import pytest
import torch
from transformers import (
    DeepseekV3Config,
    DynamicCache,
    FalconConfig,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen3Config,
)

from model.cache.race import tensor_bytes
from model.cache.sizes import published, size_of, sizes_by_variant, variants
from model.engine.core import LocalEngine
from model.latency.estimate import own_size
from model.loading.load import assemble
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from viz.stages.cache import cache_costs, cache_sizes

# Configs of transformers; the defaults of some classes are those of the published model.
CONFIGS = {
    "openai-community/gpt2": GPT2Config(),
    "meta-llama/Llama-2-7b-hf": LlamaConfig(),
    "meta-llama/Llama-3.1-8B": LlamaConfig(num_key_value_heads=8),
    "mistralai/Mistral-7B-v0.1": MistralConfig(),
    "tiiuae/falcon-7b": FalconConfig(),
    "Qwen/Qwen3-0.6B": Qwen3Config(num_hidden_layers=28, num_attention_heads=16, num_key_value_heads=8),
    "google/gemma-3-1b-pt": Gemma3TextConfig(num_key_value_heads=1, num_attention_heads=4, sliding_window=512),
}
D_HEAD = {"tiiuae/falcon-7b": 4544 // 71, "openai-community/gpt2": 768 // 12}
KV_HEADS = {"tiiuae/falcon-7b": 1, "openai-community/gpt2": 12}


def cache_bytes(config, n_kv_heads, d_head, dtype, n):
    """Size in bytes of transformers' cache for this config after `n` positions, on tensors without storage."""
    cache = DynamicCache(config=config)
    states = torch.empty(1, n_kv_heads, n, d_head, dtype=getattr(torch, dtype), device="meta")
    for layer in range(config.num_hidden_layers):
        cache.update(states, states, layer)
    return tensor_bytes(cache)


@pytest.mark.parametrize("n", [1, 100, 5000])
@pytest.mark.parametrize("shape", [s for s in published() if not s.latent], ids=lambda shape: shape.name)
def test_the_arithmetic_is_what_transformers_cache_takes(shape, n):
    config = CONFIGS[shape.model_id]
    n_kv_heads = KV_HEADS.get(shape.model_id) or config.num_key_value_heads
    d_head = D_HEAD.get(shape.model_id) or getattr(config, "head_dim", None) or config.hidden_size // shape.n_heads
    theirs = cache_bytes(config, n_kv_heads, d_head, shape.dtype, n)
    # Between two passes transformers keeps one position less than the window, because the next pass adds its own.
    spared = 0 if not shape.window or n < shape.window else 2 * shape.windowed_layers * n_kv_heads * d_head * 2
    assert size_of(shape, n).bytes == theirs + spared


def test_a_latent_cache_keeps_one_vector_and_the_rotated_part():
    config, shape = DeepseekV3Config(), next(s for s in published() if s.latent)
    assert shape.latent == config.kv_lora_rank + config.qk_rope_head_dim
    assert (shape.n_layers, shape.n_heads) == (config.num_hidden_layers, config.num_attention_heads)
    # 70 kB per token: the number in the DeepSeek-V3 hardware paper (2025, table 1: 70.272 KB).
    assert size_of(shape, 1).bytes == 70_272


def test_this_model_as_it_is_takes_what_its_tensors_take(lm, engine):
    recipe = Recipe("The size of the cache is")
    run = list(engine.run(recipe, 3))[-1]
    n = len(run.tokens) + 2
    own = sizes_by_variant(lm.card, n, 8)[0]
    cache = engine.trace(recipe).cache
    assert own.shape.kind == "GQA"
    assert own.bytes == sum(x.keys.nbytes + x.values.nbytes for x in cache.layers) == tensor_bytes(cache)
    found = cache_costs(engine, recipe, {})
    assert found["cache_bytes"][-1] == own.bytes
    assert found["parameter_bytes"] == 4 * lm.card.n_parameters


# The number of layers with keys and values, and the name of the model's own shape.
OTHERWISE = {
    "deepseek_v3": (2, "latent (MLA)"),
    "falcon": (2, "MQA"),
    "gemma4_text": (2, "GQA + window"),
    "jamba": (1, "GQA"),
    "qwen3_next": (1, "GQA"),
}


@pytest.mark.parametrize("family", OTHERWISE)
@pytest.mark.slow
def test_a_cache_that_is_not_what_the_config_says_is_told_as_it_is(family):
    tokenizer = KINDS["whole words"]().tokenizer
    lm = assemble(pair(family, len(tokenizer))[0], tokenizer, f"tiny {family}")
    engine, recipe = LocalEngine(lm), Recipe("the quick", max_new_tokens=3)
    run = list(engine.run(recipe))[-1]
    n, (n_layers, kind) = len(run.tokens) + 2, OTHERWISE[family]
    own, *others = engine.cache.sizes(recipe, n, 4)[:-8]
    record = engine.cache.contents(recipe)
    assert (own.bytes, own.bytes_per_token) == (record.bytes, record.bytes_per_token)
    assert (own.shape.n_layers, own.shape.kind) == (n_layers, kind.removesuffix(" + window"))
    assert len(record.layers) == own.shape.n_layers == len(lm.card.cache_layers)
    assert own.shape.windowed_layers == ("window" in kind)
    assert own_size(lm.card).cache == own.shape
    # 8 of float32's 32 bits, and a window of 4 positions in every layer.
    assert next(o.bytes for o in others if o.shape.kind.endswith("8 bits")) * 4 == own.bytes
    assert next(o.bytes for o in others if o.shape.window == 4) == 4 * own.bytes_per_token
    # Falcon returns only its maps, but its cache has the keys.
    held = record.layers[0]
    seen = next((layer for layer in engine.trace(recipe).capture.layers if layer.chunks), None)
    assert lm.card.d_head == (seen.key.shape[-1] if seen else held.key_shape[-1])
    assert lm.card.d_value == (seen.value.shape[-1] if seen else held.value_shape[-1])


def test_heads_in_place_of_a_latent_vector_keep_whole_keys_and_values():
    tokenizer = KINDS["whole words"]().tokenizer
    lm = assemble(pair("deepseek_v3", len(tokenizer))[0], tokenizer, "tiny deepseek_v3")
    config = lm.model.config
    sizes = {shape.kind: size_of(shape, 1).bytes_per_token for shape in variants(lm.card, 100)}
    whole = 2 * (config.qk_nope_head_dim + config.qk_rope_head_dim + config.v_head_dim) * 4
    assert sizes["latent (MLA)"] == 2 * (config.kv_lora_rank + config.qk_rope_head_dim) * 4
    assert (sizes["MHA"], sizes["MQA"]) == (config.num_attention_heads * whole, whole)


def test_variants_share_heads_as_their_names_say(lm):
    sizes = {shape.kind: size_of(shape, 1000).bytes for shape in variants(lm.card, 100)}
    assert sizes["MHA"] == 3 * sizes["GQA"] == 9 * sizes["MQA"]
    assert sizes["GQA + window"] * 10 == sizes["GQA"]
    assert sizes["GQA in 8 bits"] * 4 == sizes["GQA"]


def test_a_context_a_model_does_not_have_is_marked(lm):
    fits = {size.shape.name: size.fits for size in sizes_by_variant(lm.card, 4000, 8)}
    assert not fits["GPT-2"]
    assert fits["Llama 2 7B"]


def test_bad_numbers_are_refused_with_the_limit(engine):
    with pytest.raises(UserError, match="n_positions is None; it must be a whole number from 1"):
        cache_sizes(engine, Recipe("x"), {"window": 8})
    with pytest.raises(UserError, match="window is 0; it must be a whole number from 1"):
        cache_sizes(engine, Recipe("x"), {"n_positions": 8, "window": 0})


def test_the_view_says_where_each_number_is_from(engine):
    found = json.loads(json.dumps(cache_sizes(engine, Recipe("x"), {"n_positions": 8, "window": 8})))
    assert [size["shape"]["model_id"] for size in found["sizes"][5:]] == [shape.model_id for shape in published()]
    assert all(size["shape"]["model_id"] for size in found["sizes"][5:])
    assert not any(size["shape"]["model_id"] for size in found["sizes"][:5])
