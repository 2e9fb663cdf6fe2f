"""Beam search: the result is transformers' own, and forcing a beam's tokens gives a run with the same numbers."""

from dataclasses import replace

import pytest
import torch

from model.decode.beams import beam_search
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings

RECIPE = Recipe("The capital of France is")


def test_beams_are_the_sequences_of_generate_best_first(engine, lm):
    tokens = engine.tokenize(RECIPE)
    found = beam_search(lm, RECIPE, tokens, 3, 6)
    ids = torch.tensor([tokens.ids])
    for size in (1, 3):
        out = lm.model.generate(
            ids, attention_mask=torch.ones_like(ids), num_beams=3, num_return_sequences=size, max_new_tokens=6
        )
        theirs = [row[len(tokens) :].tolist() for row in out]
        assert [[t.id for t in beam.tokens] for beam in found.beams][:size] == theirs
    assert [b.score for b in found.beams] == sorted((b.score for b in found.beams), reverse=True)


def test_a_beams_score_is_its_mean_log_probability(engine, lm):
    tokens = engine.tokenize(RECIPE)
    for beam in beam_search(lm, RECIPE, tokens, 3, 5).beams:
        ids = torch.tensor([[*tokens.ids, *(t.id for t in beam.tokens)]])
        with torch.inference_mode():
            logprobs = lm.model(ids).logits[0].log_softmax(-1)
        places = range(len(tokens) - 1, ids.shape[1] - 1)
        total = sum(float(logprobs[place, ids[0, place + 1]]) for place in places)
        # With length_penalty 1, generate divides by the generated length.
        assert beam.score == pytest.approx(total / len(beam.tokens), abs=1e-4)


def test_a_beam_is_the_run_of_its_recipe(engine):
    """Tolerance 1e-3 bits: the run decodes token by token with a cache, the beam's numbers come from one pass."""
    recipe = replace(RECIPE, stop=("Paris",), sampling=SamplingSettings(repetition_penalty=1.8))
    found = engine.decode.beams(recipe, 3, 5)
    assert found.check.passed
    for beam in found.beams:
        run = list(engine.run(beam.recipe))[-1]
        assert [step.token for step in run.steps] == list(beam.tokens)
        assert beam.surprisal == pytest.approx([step.surprisal for step in run.steps], abs=1e-3)
        assert (run.text, run.stop.kind) == (beam.text, "eos" if beam.ended else "limit")
        assert all(step.forced for step in run.steps)


def test_the_runs_penalties_do_not_change_a_search(engine, lm):
    """Nor do those of the model's generation config: see test_same_again.py."""
    plain = engine.decode.beams(RECIPE, 3, 6)
    ids = torch.tensor([engine.tokenize(RECIPE).ids])
    with_penalty = lm.model.generate(ids, num_beams=3, do_sample=False, max_new_tokens=6, repetition_penalty=1.8)
    assert with_penalty[0, ids.shape[1] :].tolist() != [token.id for token in plain.beams[0].tokens]
    punished = engine.decode.beams(replace(RECIPE, sampling=SamplingSettings(repetition_penalty=1.8)), 3, 6)
    assert [beam.tokens for beam in punished.beams] == [beam.tokens for beam in plain.beams]
    assert punished.check.passed


@pytest.mark.parametrize(
    ("beams", "n", "message"),
    [(1, 5, "num_beams is 1; it must be a whole number from 2 to 8"), (4, 41, "max_new_tokens is 41")],
)
def test_a_search_outside_the_limits_is_refused(engine, lm, beams, n, message):
    with pytest.raises(UserError, match=message):
        beam_search(lm, RECIPE, engine.tokenize(RECIPE), beams, n)
