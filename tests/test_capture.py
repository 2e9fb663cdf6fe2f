"""The captured queries and keys give the model's own eager attention, for every layer, head and position."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from model.capture.capture import EAGER, SDPA, Capture, capturing
from model.capture.masks import band
from model.capture.pattern import pattern_rows
from model.network.forward import forward, new_cache
from tests.tiny import LATENT, tiny_lm

PROMPTS = ("The capital of France is", "def add(a, b):\n    return a + b\n" * 6, "नमस्ते 🙂 مرحبا " * 12)
# The same numbers added in another order, through thirty layers; 2e-6 was measured.
FLOAT32 = 1e-4
# Two layers with random weights: only the rounding of the softmax remains.
TINY = 2e-6

# A window of 8 is exceeded both in the prefill (12 positions) and during decoding.
FAMILIES = {
    "llama": {"num_key_value_heads": 2},
    "gpt2": {},
    "gpt_neox": {},
    "opt": {"ffn_dim": 128, "word_embed_proj_dim": 32},
    "qwen3": {"num_key_value_heads": 1, "head_dim": 16},
    "gemma2": {"num_key_value_heads": 2, "head_dim": 16, "sliding_window": 8},
    "gemma3_text": {"num_key_value_heads": 2, "head_dim": 16, "sliding_window": 8},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 8},
    "phi3": {"num_key_value_heads": 2, "pad_token_id": 0},
    "olmo2": {"num_key_value_heads": 2},
    "mixtral": {"num_key_value_heads": 2, "num_local_experts": 4},
    "gpt_oss": {"num_key_value_heads": 2, "head_dim": 16, "num_local_experts": 4, "sliding_window": 8},
    "deepseek_v3": LATENT,
}
NEEDS_EAGER = {"gemma2", "gpt_oss"}


def decoded(lm, ids, chunks):
    """The capture of `ids` forwarded in passes of these sizes, and the logits after the last one."""
    held, cache, start = Capture(), new_cache(lm), 0
    for size in chunks:
        logits = forward(lm, ids[start : start + size], cache, held)
        start += size
    assert start == len(ids)
    return held, logits


def transformers_own(lm, ids):
    """Maps (layer, head, query, key) and logits from `output_attentions` with eager attention: none of our code."""
    implementation = lm.model.config._attn_implementation
    lm.model.set_attn_implementation("eager")
    with torch.inference_mode():
        out = lm.model(torch.tensor([list(ids)]), use_cache=False, output_attentions=True)
    lm.model.set_attn_implementation(implementation)
    return torch.stack([layer[0] for layer in out.attentions]), out.logits[0, -1]


def captured_maps(held, n):
    return torch.stack([pattern_rows(layer, 0, n, n) for layer in held.layers])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_layer_and_head_equals_eager_also_after_decoding(lm, engine, prompt):
    from model.request.recipe import Recipe

    recipe = Recipe(prompt)
    run = list(engine.run(recipe, 5))[-1]
    trace = engine.trace(recipe)
    ids = trace.fed_ids
    assert len(ids) == trace.capture.n_positions == len(run.tokens) + 4
    theirs, _ = transformers_own(lm, ids)
    ours = captured_maps(trace.capture, len(ids))
    assert theirs.shape == (30, 9, len(ids), len(ids))
    assert (ours - theirs).abs().max() < FLOAT32
    assert (ours.sum(-1) - 1).abs().max() < 1e-5
    assert (ours.triu(1) == 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_other_families_give_their_eager_maps_in_prefill_chunks_and_decoding(lm, family):
    tiny = tiny_lm(family, lm.tokenizer, **FAMILIES[family])
    assert all(check.passed for check in tiny.card.checks), tiny.card.checks
    ids = [7 * i % 991 for i in range(20)]
    held, logits = decoded(tiny, ids, (12, 3, 1, 1, 1, 1, 1))
    theirs, full = transformers_own(tiny, ids)
    assert (captured_maps(held, 20) - theirs).abs().max() < TINY
    assert (logits - full).abs().max() < 1e-4
    assert not (theirs[0, :, 5, 6:] > 0).any(), "not causal"
    windowed = (theirs[:, 0, 19, 5] == 0).any()
    assert windowed == ("sliding_window" in FAMILIES[family]), "the window was never used"


def test_the_families_that_drop_nothing_keep_sdpa_and_the_others_their_own_eager(lm):
    for family in ("llama", "gemma2", "gpt_oss"):
        tiny = tiny_lm(family, lm.tokenizer, **FAMILIES[family])
        expected = EAGER if family in NEEDS_EAGER else SDPA
        assert tiny.model.config._attn_implementation == expected


def test_sinks_take_a_share_of_each_row(lm):
    tiny = tiny_lm("gpt_oss", lm.tokenizer, **FAMILIES["gpt_oss"])
    held, _ = decoded(tiny, list(range(12)), (12,))
    sums = captured_maps(held, 12).sum(-1)
    assert (sums < 0.999).all()
    assert (sums > 0).all()


def test_keys_and_values_are_the_caches_own_tensors(lm):
    held, cache = Capture(), new_cache(lm)
    forward(lm, range(20, 40), cache, held)
    forward(lm, [40], cache, held)
    for layer, kept in zip(held.layers, cache.layers, strict=True):
        assert layer.key.data_ptr() == kept.keys.data_ptr()
        assert layer.value.data_ptr() == kept.values.data_ptr()


def test_a_window_forgets_in_the_cache_but_not_in_the_capture(lm):
    tiny = tiny_lm("mistral", lm.tokenizer, **FAMILIES["mistral"])
    ids = list(range(100, 120))
    held, _ = decoded(tiny, ids, (12,) + (1,) * 8)
    whole, _ = decoded(tiny, ids, (20,))
    assert held.layers[1].key.shape[1] == 20
    assert (held.layers[1].key - whole.layers[1].key).abs().max() < 1e-5
    assert (held.layers[1].value - whole.layers[1].value).abs().max() < 1e-5


def test_masks_that_position_explains_are_not_kept(lm):
    for family in ("llama", "mistral", "gemma2"):
        tiny = tiny_lm(family, lm.tokenizer, **FAMILIES[family])
        held, _ = decoded(tiny, list(range(16)), (12, 3, 1))
        assert [[chunk.mask for chunk in layer.chunks] for layer in held.layers] == [[None] * 3] * 2


def test_a_mask_that_is_no_band_is_kept_as_it_is():
    mask = torch.ones(1, 4, 4, dtype=torch.bool).tril()
    assert band(mask, 0, 0).tolist() == [0, 0, 0, 0]
    window = mask.triu(-1)
    assert band(window, 0, 0).tolist() == [0, 0, 1, 2]
    mask[0, 3, 1] = False
    assert band(mask, 0, 0) is None
    alibi = torch.linspace(-1, 0, 16).reshape(1, 4, 4)
    assert band(alibi, 0, 0) is None


def test_capturing_changes_no_logit_and_nothing_outside_is_recorded(lm):
    ids = torch.tensor([[5, 6, 7, 8]])
    plain = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(
            "llama",
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            vocab_size=100,
        )
    ).eval()
    with torch.inference_mode():
        before = plain(ids).logits
        plain.set_attn_implementation(SDPA)
        held = Capture()
        with capturing(held, 4):
            inside = plain(ids).logits
        plain(ids)
    assert torch.equal(before, inside)
    assert held.n_positions == 4
    assert [len(layer.chunks) for layer in held.layers] == [1, 1]


@pytest.mark.parametrize(("family", "settings"), [("mamba", {"state_size": 8})])
def test_families_without_attention_decode_and_say_why_there_is_no_map(lm, family, settings):
    from model.attention.maps import attention_tile
    from model.engine.core import LocalEngine
    from model.request.errors import UserError
    from model.request.recipe import Recipe

    tiny = tiny_lm(family, lm.tokenizer, attention="eager", **settings)
    maps, cached = tiny.card.checks
    assert not maps.passed
    assert cached.passed
    engine, recipe = LocalEngine(tiny), Recipe("one two three", max_new_tokens=4)
    run = list(engine.run(recipe))[-1]
    ids = [*run.tokens.ids, *(step.token.id for step in run.steps)]
    greedy = tiny.model.generate(torch.tensor([list(run.tokens.ids)]), max_new_tokens=4, do_sample=False)
    assert ids == greedy[0].tolist()
    with pytest.raises(UserError, match=f"family '{family}' has no attention"):
        attention_tile(tiny, engine.trace(recipe).capture, 0, 0, (0, 1), (0, 1))
