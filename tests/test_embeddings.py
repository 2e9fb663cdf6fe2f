"""Embedding rows, cosines and neighbours compared with torch, numpy and the model's own module."""

import numpy as np
import pytest
import torch

from model.embed.embeddings import MAX_ROWS, embeddings, nearest, similarity
from model.embed.probe import block_input
from model.request.errors import UserError
from model.runtime.window import window
from tests.tiny import tiny_lm

PROMPT = "The capital of France is Paris, and the capital of Germany is Berlin. 🚀"


@pytest.fixture(scope="module")
def ids(lm):
    return lm.tokenizer(PROMPT)["input_ids"]


def test_rows_are_what_the_models_own_embedding_module_gives(lm, ids):
    found = embeddings(lm, ids, 3)
    with torch.no_grad():
        own = lm.model.model.embed_tokens(torch.tensor(ids))[: len(found.rows)]
    np.testing.assert_array_equal(found.rows, own.numpy())
    np.testing.assert_allclose(found.norms, np.linalg.norm(own.numpy(), axis=1), rtol=1e-6)
    assert (found.low, found.high) == (own.min().item(), own.max().item())
    assert found.typical == pytest.approx(np.percentile(np.abs(own.numpy()), 99), rel=1e-5)


def test_mean_norm_is_over_the_whole_vocabulary(lm, ids):
    weight = lm.model.model.embed_tokens.weight.detach().numpy()
    expected = np.linalg.norm(weight.astype(np.float64), axis=1).mean()
    assert embeddings(lm, ids, 0).vocabulary_norm == pytest.approx(expected, rel=1e-5)


def test_cosine_equals_torchs_cosine_similarity(lm, ids):
    rows = lm.model.model.embed_tokens.weight.detach()[ids]
    expected = torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1)
    np.testing.assert_allclose(similarity(lm, ids, 0).cosine, expected.numpy(), atol=2e-6)


@pytest.mark.parametrize("word", [" France", "🚀", "<|im_start|>"])
def test_nearest_equals_brute_force_in_numpy(lm, word):
    token_id = lm.tokenizer(word)["input_ids"][0]
    found = nearest(lm, token_id, 20)
    weight = lm.model.model.embed_tokens.weight.detach().numpy().astype(np.float64)
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    cosine = weight @ weight[token_id]
    cosine[token_id] = -np.inf
    expected = np.argsort(-cosine)[:20]
    np.testing.assert_allclose(found.cosine, cosine[expected], atol=1e-6)
    # Ids may only be swapped if their cosines differ by less than float32 can resolve.
    chosen = cosine[[token.id for token in found.neighbours]]
    np.testing.assert_allclose(chosen, cosine[expected], atol=1e-6)
    assert len({token.id for token in found.neighbours} - {token_id}) == 20


def test_window_always_holds_the_position_and_moves_rarely():
    starts = set()
    for position in range(1000):
        start, stop = window(1000, position, 64)
        assert start <= position < stop
        assert stop - start == 64
        starts.add(start)
    assert len(starts) <= 32
    assert window(10, 9, 64) == (0, 10)


def test_rows_are_bounded_for_wide_models(lm):
    many = [5] * 500
    assert len(embeddings(lm, many, 250).rows) == MAX_ROWS


def test_refusals_name_value_limit_and_way_out(lm, ids):
    with pytest.raises(UserError, match="Position 99"):
        embeddings(lm, ids, 99)
    with pytest.raises(UserError, match="49,151"):
        nearest(lm, 49_152, 5)
    with pytest.raises(UserError, match="k is 0"):
        nearest(lm, 5, 0)


def test_block_input_finds_the_factor_that_gemma_puts_on_its_rows(lm):
    gemma = tiny_lm("gemma3_text", lm.tokenizer, head_dim=16, num_key_value_heads=2)
    fed = block_input(gemma, None)
    assert fed.check.passed
    assert fed.scale == pytest.approx(64**0.5, rel=1e-5)
    assert block_input(lm, None).scale == pytest.approx(1.0)
