"""RoPE and learned tables compared with keys computed by hand and with the model's own scores."""

import math

import numpy as np
import pytest
import torch

from model.attention.prefill import prefill
from model.capture.pattern import scores_rows
from model.embed.dot_product import dot_product
from model.embed.learned_positions import find_table
from model.embed.positions import positions
from model.embed.rope import rotations, unrotated_pairs
from model.loading.load import assemble
from model.records.run import Tokens
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.tokens.describe import describe_token
from model.tokens.tokenize import tokenize
from tests.sweep_pair import pair
from tests.tiny import tiny_lm

PROMPT = "The cat saw the other cat, and the cat ran away from the cat."
PARTIAL = {"rope_theta": 10_000.0, "rope_type": "default", "partial_rotary_factor": 0.25}


def capture_of(lm, ids):
    made = tuple(describe_token(lm.vocabulary, i, p) for p, i in enumerate(ids))
    tokens = Tokens(text="", tokens=made, chat=False, seconds=0.0)
    return prefill(lm, tokens, lambda done, n: None)[1]


def own_scores(capture, layer, head):
    """The scores (query, key) of one head, -inf where masked."""
    captured = capture.layers[layer]
    return scores_rows(captured, captured.chunks[0], 0, capture.n_positions, head)[1][0]


def walked(lm):
    ids = tokenize(lm.vocabulary, Recipe(PROMPT), 100).ids
    return capture_of(lm, ids), ids


def test_keys_turned_back_are_the_projection_of_the_normed_rows(lm):
    capture, ids = walked(lm)
    layer = lm.model.model.layers[0]
    with torch.no_grad():
        hidden = layer.input_layernorm(lm.model.model.embed_tokens(torch.tensor(ids)))
        by_hand = layer.self_attn.k_proj(hidden).view(len(ids), 3, 64).transpose(0, 1)
    key = capture.layers[0].key
    back, rest = unrotated_pairs(rotations(lm)[0], key, torch.arange(len(ids)))
    turned_back = torch.cat([back.real, back.imag], dim=-1)
    torch.testing.assert_close(turned_back, by_hand, atol=2e-5, rtol=1e-5)
    assert rest.shape[-1] == 0


def test_every_layer_of_the_bundled_model_is_shown_to_rotate(lm):
    capture, ids = walked(lm)
    found = positions(lm, capture, ids, 3, 7)
    assert found.kind == "rope"
    assert found.rotary.n_layers_verified == 30
    assert found.rotary.worst_error < 1e-5
    assert found.rotary.rotation.layout == "halves"
    assert found.rotary.run_check.passed


def test_angles_are_position_times_frequency_of_the_papers_formula(lm):
    capture, ids = walked(lm)
    found = positions(lm, capture, ids, 3, 0).rotary
    theta = np.array([100_000.0 ** (-2 * i / 64) for i in range(32)])
    expected = np.outer(np.arange(len(ids)), theta) % (2 * math.pi)
    apart = np.abs(found.angles - expected)
    assert np.minimum(apart, 2 * math.pi - apart).max() < 1e-5
    np.testing.assert_allclose(found.wavelengths, 2 * math.pi / theta, rtol=1e-5)


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (11, 4), (29, 8)])
def test_score_at_the_real_distance_is_the_models_own(lm, layer, head):
    capture, ids = walked(lm)
    own = own_scores(capture, layer, head)
    for query, key in [(5, 5), (12, 2), (len(ids) - 1, 0)]:
        found = dot_product(lm, capture, layer, head, query, key)
        assert found.score == pytest.approx(float(own[query, key]), abs=1e-4)
        assert found.scores[query - key] == pytest.approx(float(own[query, key]), abs=1e-3)
        assert found.contributions.sum() + found.unrotated == pytest.approx(found.score, abs=1e-3)
        assert found.check.passed


@pytest.mark.parametrize("head", [0, 4, 8])
def test_the_curve_is_what_the_model_scores_when_the_key_is_really_moved(lm, head):
    key_id, query_id = lm.tokenizer(" cat")["input_ids"][0], lm.tokenizer(" the")["input_ids"][0]
    n = 40
    # In layer 0, one key token at every position gives the same key at every distance.
    capture = capture_of(lm, [key_id] * n + [query_id])
    own = own_scores(capture, 0, head)[n, :n]
    found = dot_product(lm, capture, 0, head, n, n - 3)
    np.testing.assert_allclose(found.scores[1 : n + 1], own.flip(0).numpy(), atol=1e-3)


FAMILIES = {
    "llama": ({}, ("halves", 0, 16)),
    "gpt_neox": ({"rope_parameters": PARTIAL}, ("halves", 0, 4)),
    "glm": ({"head_dim": 16, "num_key_value_heads": 2, "pad_token_id": 0}, ("interleaved", 0, 8)),
    "cohere": ({"num_key_value_heads": 2}, ("interleaved", 0, 16)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_layout_and_partial_rotation_are_found_by_numbers(lm, family):
    settings, expected = FAMILIES[family]
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    capture, ids = walked(tiny)
    found = positions(tiny, capture, ids, 2, 1)
    assert found.kind == "rope"
    rotation = found.rotary.rotation
    assert (rotation.layout, rotation.first, rotation.n_rotary) == expected
    assert rotation.check.error < 1e-5
    assert found.rotary.n_layers_verified == 2
    product = dot_product(tiny, capture, 1, 3, 9, 4)
    own = own_scores(capture, 1, 3)[9, 4]
    assert product.scores[5] == pytest.approx(float(own), abs=1e-5)


def test_local_and_global_layers_get_their_own_frequencies(lm):
    kinds = ["sliding_attention", "full_attention"]
    tiny = tiny_lm("gemma3_text", lm.tokenizer, head_dim=16, num_key_value_heads=2, layer_types=kinds)
    local, everywhere = rotations(tiny)
    assert local.check.passed
    assert everywhere.check.passed
    assert local.inv_freq[-1] > 10 * everywhere.inv_freq[-1]


def test_a_layer_that_does_not_rotate_is_said_not_to(lm):
    settings = {"no_rope_layers": [0, 1], "layer_types": ["full_attention"] * 2, "pad_token_id": 0}
    tiny = tiny_lm("smollm3", lm.tokenizer, num_key_value_heads=2, **settings)
    capture, ids = walked(tiny)
    still = positions(tiny, capture, ids, 2, 0)
    assert still.kind == "other"
    assert "does not rotate" in still.reason
    assert positions(tiny, capture, ids, 2, 1).kind == "rope"
    with pytest.raises(UserError, match="layer 0"):
        dot_product(tiny, capture, 0, 0, 3, 1)


@pytest.mark.parametrize(
    ("family", "settings", "offset"),
    [
        ("gpt2", {}, 0),
        ("opt", {"ffn_dim": 64, "word_embed_proj_dim": 64}, 2),
        # As in opt-350m: a matrix projects the rows of the embedding.
        ("opt", {"ffn_dim": 64, "word_embed_proj_dim": 32, "do_layer_norm_before": False}, 2),
    ],
)
def test_learned_rows_are_those_the_model_adds(lm, family, settings, offset):
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    capture, ids = walked(tiny)
    found = positions(tiny, capture, ids, 5, 0)
    assert found.kind == "learned"
    assert found.learned.offset == offset
    own = dict(tiny.model.named_parameters())
    name = next(n for n in own if "wpe" in n or "embed_positions" in n)
    table = own[name].detach()[offset:]
    np.testing.assert_array_equal(found.learned.selected_row, table[5].numpy())
    shown = table[torch.from_numpy(found.learned.positions)]
    np.testing.assert_allclose(found.learned.norms, shown.norm(dim=-1).numpy(), rtol=1e-6)
    expected = torch.nn.functional.cosine_similarity(shown[:, None], shown[None], dim=-1)
    np.testing.assert_allclose(found.learned.cosine, expected.numpy(), atol=1e-5)
    assert found.block_input.scale == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("family", ["bart", "bert"])
def test_a_table_behind_a_norm_is_said_to_be_added_though_it_is_not_drawn(lm, family):
    tiny = assemble(pair(family, len(lm.tokenizer))[0], lm.tokenizer, f"tiny {family}")
    capture, ids = walked(tiny)
    found = positions(tiny, capture, ids, 3, 0)
    table = next(
        m for name, m in tiny.model.named_modules() if name.endswith(("embed_positions", "position_embeddings"))
    )
    assert found.kind == "other"
    assert f"a learned row for its position added to it, from a table of {len(table.weight):,} rows" in found.reason
    assert "A norm stands between that sum and block 0" in found.reason
    # The probe is cached: with other rows in the table, nothing may be claimed of it.
    with torch.no_grad():
        table.weight.copy_(table.weight.flip(0).clone())
    assert "computed and added" in positions(tiny, capture, ids, 3, 0).reason


def test_a_model_with_neither_says_what_was_looked_for(lm):
    bloom = tiny_lm("bloom", lm.tokenizer, attention="eager")
    capture, ids = walked(bloom)
    found = positions(bloom, capture, ids, 3, 0)
    assert (found.kind, found.rotary, found.learned) == ("other", None, None)
    assert "ALiBi" in found.reason
    assert find_table(bloom) is None
    assert not found.block_input.check.passed


def test_impossible_pairs_are_refused(lm):
    capture, ids = walked(lm)
    for arguments, name in [
        ((0, 9, 3, 1), "head"),
        ((30, 0, 3, 1), "layer"),
        ((0, 0, 3, 4), "key"),
    ]:
        with pytest.raises(UserError, match=name):
            dot_product(lm, capture, *arguments)
    with pytest.raises(UserError, match="no query yet"):
        dot_product(lm, capture, 0, 0, len(ids), 1)
