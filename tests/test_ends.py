"""Where an answer must end, and which tokens can be forced."""

from dataclasses import replace

import pytest

from model.engine.core import LocalEngine
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from tests.tiny import tiny_lm

PROMPT = "The capital of France is"


def finished(engine, recipe):
    return list(engine.run(recipe))[-1]


def test_a_full_context_ends_the_answer_at_the_models_last_position(lm):
    tiny = tiny_lm("llama", lm.tokenizer)
    run = finished(LocalEngine(tiny), Recipe("a b c d e f g " * 8, max_new_tokens=200))
    assert run.stop.kind == "context"
    assert len(run.tokens) + len(run.steps) == tiny.card.context == 128


def test_a_forced_special_token_is_fed_back_like_any_other(engine, lm):
    special = lm.tokenizer.convert_tokens_to_ids("<|im_start|>")
    run = finished(engine, Recipe(PROMPT, forced=((0, special),), max_new_tokens=4))
    assert run.steps[0].token.special
    assert "<|im_start|>" not in run.text
    assert len(run.steps) > 1, "nothing followed it"
    ids = lm.tokenizer(PROMPT, return_tensors="pt")["input_ids"].tolist()[0] + [special]
    for step in run.steps[1:]:
        assert (
            int(lm.model(lm.model.dummy_inputs["input_ids"].new_tensor([ids])).logits[0, -1].argmax()) == step.token.id
        )
        ids.append(step.token.id)


def test_a_forced_end_token_ends_the_answer(engine, lm):
    run = finished(engine, Recipe(PROMPT, forced=((2, lm.card.eos_token_ids[0]),), max_new_tokens=9))
    assert (run.stop.kind, len(run.steps)) == ("eos", 3)
    assert run.stop.detail == f"you put in the end token {run.steps[-1].token.piece}"


def test_an_end_token_that_the_model_gave_is_said_to_be_the_models(lm):
    tiny = tiny_lm("llama", lm.tokenizer)
    first = finished(LocalEngine(tiny), Recipe(PROMPT, max_new_tokens=1)).steps[0].token
    ending = replace(tiny, card=replace(tiny.card, eos_token_ids=(first.id,)))
    run = finished(LocalEngine(ending), Recipe(PROMPT, max_new_tokens=3))
    assert (run.stop.kind, run.stop.detail) == ("eos", f"the model gave its end token {first.piece}")


def test_a_forced_id_outside_the_vocabulary_is_refused_with_the_limit(engine):
    with pytest.raises(UserError, match="60,000.*49,151"):
        finished(engine, Recipe(PROMPT, forced=((0, 60_000),)))


def test_settings_that_would_leave_no_token_leave_the_likeliest(engine):
    """transformers' filters keep at least one token (`min_tokens_to_keep` = 1) with any setting."""
    narrow = SamplingSettings(do_sample=True, top_k=1, top_p=1e-6, min_p=1.0, typical_p=1e-6)
    run = finished(engine, Recipe(PROMPT, sampling=narrow, max_new_tokens=3))
    greedy = finished(engine, Recipe(PROMPT, max_new_tokens=3))
    assert [s.token.id for s in run.steps] == [s.token.id for s in greedy.steps]
    assert all(s.chosen_from == pytest.approx(1.0) for s in run.steps)
