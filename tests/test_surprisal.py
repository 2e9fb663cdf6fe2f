"""The prompt's surprisal equals the model's own loss, token by token."""

import numpy as np
import pytest
import torch

from model.decode.surprisal import prompt_surprisal
from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from tests.tiny import tiny_lm

PROMPT = "The quick brown fox jumps over the lazy dog. " * 8


def test_the_mean_surprisal_is_the_models_own_loss(engine, lm):
    tokens = engine.tokenize(Recipe(PROMPT))
    ids = torch.tensor([tokens.ids])
    with torch.inference_mode():
        loss = float(lm.model(ids, labels=ids).loss)
    found = prompt_surprisal(lm, tokens)
    assert found.bits[1:].mean() * np.log(2) == pytest.approx(loss, rel=1e-4)
    assert found.perplexity == pytest.approx(np.exp(loss), rel=1e-3)
    assert np.isnan(found.bits[0])
    scored = PROMPT[len("The") :].encode()
    assert found.bits_per_byte == pytest.approx(loss / np.log(2) * (len(tokens) - 1) / len(scored), rel=1e-4)


def test_each_token_is_scored_by_the_position_before_it(engine, lm):
    tokens = engine.tokenize(Recipe("The capital of France is Paris"))
    with torch.inference_mode():
        shares = lm.model(torch.tensor([tokens.ids])).logits[0].softmax(-1)
    for position in range(1, len(tokens)):
        expected = -np.log2(float(shares[position - 1, tokens.ids[position]]))
        assert prompt_surprisal(lm, tokens).bits[position] == pytest.approx(expected, abs=1e-3)


def test_a_prompt_of_one_token_has_nothing_to_be_surprised_by(engine, lm):
    found = prompt_surprisal(lm, engine.tokenize(Recipe("Hello")))
    assert np.isnan(found.bits).all()
    assert np.isnan(found.perplexity)


def test_a_prompt_with_unknown_tokens_has_no_surprisal_per_byte():
    """The text they replace is lost: a sum over the remaining bytes would look better than it is."""
    engine = LocalEngine(tiny_lm("llama", KINDS["wordpiece"]().tokenizer))
    lost = prompt_surprisal(engine.lm, engine.tokenize(Recipe("the quick Все люди fox")))
    whole = prompt_surprisal(engine.lm, engine.tokenize(Recipe("the quick brown fox")))
    assert (lost.n_unknown, whole.n_unknown) == (2, 0)
    assert np.isnan(lost.bits_per_byte)
    assert np.isfinite(lost.perplexity)
    assert whole.bits_per_byte > 0


@pytest.mark.parametrize("family", ["cohere", "cohere2", "granite", "granitemoe", "gemma2", "recurrent_gemma", "llama"])
def test_a_factor_or_softcap_after_the_head_is_part_of_the_surprisal(family):
    """Plain transformers: a second instance's own logits, log-softmax, one position before each token."""
    tokenizer = KINDS["whole words"]().tokenizer
    model, plain = pair(family, len(tokenizer))
    engine = LocalEngine(assemble(model, tokenizer, f"tiny {family}"))
    tokens = engine.tokenize(Recipe("the quick brown fox jumps over the lazy dog and the other dogs sing"))
    ids = torch.tensor([tokens.ids])
    with torch.inference_mode():
        logs = plain(ids).logits[0, :-1].float().log_softmax(-1)
    expected = -logs.gather(1, ids[0, 1:, None])[:, 0].numpy() / np.log(2)
    np.testing.assert_allclose(prompt_surprisal(engine.lm, tokens).bits[1:], expected, rtol=1e-4)
