"""Decoding: our loop compared with transformers' `generate`, and each step with a full forward pass."""

import math

import numpy as np
import pytest
import torch

from model.records.run import Run
from model.request.recipe import Recipe, SamplingSettings

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n",
    "Once upon a time",
    "1, 2, 3, 4,",
    "Η πρωτεύουσα της Γαλλίας είναι",
    "Rockets 🚀 and",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "The the the the",
    "Water boils at",
    "مرحبا",
    "A",
]


def finished(engine, recipe: Recipe) -> Run:
    return list(engine.run(recipe))[-1]


def generated(lm, ids, **settings):
    with torch.inference_mode():
        return lm.model.generate(
            ids, attention_mask=torch.ones_like(ids), return_dict_in_generate=True, output_scores=True, **settings
        )


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_ids_equal_generate(engine, lm, prompt):
    run = finished(engine, Recipe(prompt, max_new_tokens=12))
    out = generated(lm, torch.tensor([run.tokens.ids]), do_sample=False, max_new_tokens=12)
    assert [step.token.id for step in run.steps] == out.sequences[0, len(run.tokens) :].tolist()


@pytest.mark.parametrize("settings", [SamplingSettings(True, 0.7, 40, 0.9, 1), SamplingSettings(True, 1.3, 0, 0.8, 2)])
def test_the_processed_distribution_of_each_step_equals_generates_scores(engine, lm, settings):
    run = finished(engine, Recipe("My favourite animal is", sampling=settings, max_new_tokens=8))
    chosen = [step.token.id for step in run.steps]
    for index, step in enumerate(run.steps):
        # generate restarts before each of our tokens, so that its scores are for the same ids.
        ids = torch.tensor([[*run.tokens.ids, *chosen[:index]]])
        out = generated(
            lm,
            ids,
            do_sample=True,
            max_new_tokens=1,
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
        )
        theirs = out.scores[0][0].double().softmax(-1).numpy()
        # fp32 logits of a cached and a full pass differ by about 3e-5.
        np.testing.assert_allclose(step.candidates.chosen_from, theirs[step.candidates.token_ids], atol=1e-4)
        assert theirs[step.token.id] > 0


def test_cached_logits_equal_a_full_recompute(engine, lm):
    run = finished(engine, Recipe("The quick brown fox", max_new_tokens=10))
    trace = engine.trace(run.recipe)
    ids = torch.tensor([[*run.tokens.ids, *(step.token.id for step in run.steps)]])
    with torch.inference_mode():
        full = lm.model(ids, use_cache=False).logits[0].float()
    assert len(trace.logits) == len(run.steps) > 1
    for index, logits in enumerate(trace.logits):
        # Different matmul shapes round differently: 3e-5 was observed in fp32.
        torch.testing.assert_close(logits, full[len(run.tokens) - 1 + index], atol=2e-4, rtol=0)


def test_each_steps_figures_follow_from_its_logits(engine):
    run = finished(engine, Recipe("The capital of Italy is", max_new_tokens=5))
    for step, logits in zip(run.steps, engine.trace(run.recipe).logits, strict=True):
        exact = np.exp(logits.numpy().astype(np.float64) - logits.numpy().max())
        exact /= exact.sum()
        assert exact.sum() == pytest.approx(1.0)
        assert step.probability == pytest.approx(exact[step.token.id])
        assert step.surprisal == pytest.approx(-math.log2(exact[step.token.id]))
        assert step.entropy == pytest.approx(-(exact * np.log2(np.maximum(exact, 1e-300))).sum())
        assert step.rank == int((exact > exact[step.token.id]).sum()) + 1
        assert list(step.candidates.token_ids) == list(np.argsort(-exact, kind="stable")[:50])
        np.testing.assert_allclose(step.candidates.probability, exact[step.candidates.token_ids], rtol=1e-5, atol=1e-9)
        assert step.candidates.probability.sum() + step.candidates.remainder == pytest.approx(1.0)


def test_decoding_stops_at_the_end_token_and_says_so(engine):
    run = finished(engine, Recipe("Say only: yes", chat=True, max_new_tokens=80))
    assert run.stop.kind == "eos"
    assert run.steps[-1].token.piece == "<|im_end|>"
    assert "<|im_end|>" not in run.text


def test_decoding_stops_at_the_limit_and_says_so(engine):
    run = finished(engine, Recipe("Once upon a time", max_new_tokens=3))
    assert (run.stop.kind, len(run.steps)) == ("limit", 3)


def test_a_forced_token_takes_its_place_and_the_rest_follows_from_it(engine, lm):
    forced = lm.tokenizer(" London")["input_ids"][0]
    run = finished(engine, Recipe("The capital of France is", forced=((0, forced),), max_new_tokens=6))
    assert run.steps[0].token.id == forced
    assert run.steps[0].forced
    assert not run.steps[1].forced
    alone = finished(engine, Recipe("The capital of France is London", max_new_tokens=5))
    assert [s.token.id for s in run.steps[1:]] == [s.token.id for s in alone.steps]
