"""Beam search: transformers' result, and each beam is a run of our own when its tokens are forced."""

import pytest
import torch

from model.beams import beam_search
from model.errors import UserError
from model.recipe import Recipe

RECIPE = Recipe("The capital of France is")


def test_beams_are_the_sequences_of_generate_best_first(engine, lm):
    tokens = engine.tokenize(RECIPE)
    found = beam_search(lm, tokens, 3, 6)
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
    for beam in beam_search(lm, tokens, 3, 5).beams:
        ids = torch.tensor([[*tokens.ids, *(t.id for t in beam.tokens)]])
        with torch.inference_mode():
            logprobs = lm.model(ids).logits[0].log_softmax(-1)
        places = range(len(tokens) - 1, ids.shape[1] - 1)
        total = sum(float(logprobs[place, ids[0, place + 1]]) for place in places)
        # generate divides by the generated length, with length_penalty 1.
        assert beam.score == pytest.approx(total / len(beam.tokens), abs=1e-4)


@pytest.mark.parametrize(
    ("beams", "n", "message"),
    [(1, 5, "num_beams is 1; it must be a whole number from 2 to 8"), (4, 41, "max_new_tokens is 41")],
)
def test_a_search_outside_the_limits_is_refused(engine, lm, beams, n, message):
    with pytest.raises(UserError, match=message):
        beam_search(lm, engine.tokenize(RECIPE), beams, n)
