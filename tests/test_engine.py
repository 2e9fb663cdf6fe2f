"""The engine: a run is a function of its recipe, even if runs were stopped, evicted or shared before."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.records.progress import Progress
from model.records.run import Run
from model.request.errors import Evicted, UserError
from model.request.recipe import Recipe, SamplingSettings
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair

RECIPE = Recipe("A walk in the", sampling=SamplingSettings(True, 0.9, 0, 0.95, 11), max_new_tokens=10)


def finished(engine, recipe: Recipe, n_steps: int | None = None) -> Run:
    return list(engine.run(recipe, n_steps))[-1]


def ids(run: Run) -> list[int]:
    return [step.token.id for step in run.steps]


def test_stopping_and_going_on_gives_the_tokens_of_one_run(lm):
    whole = ids(finished(LocalEngine(lm), RECIPE))
    engine = LocalEngine(lm)
    for n_steps in (0, 1, 4, 4, 10):
        run = finished(engine, RECIPE, n_steps)
        assert ids(run) == whole[:n_steps]
    assert run.stop.kind == "limit"


def test_a_longer_limit_goes_on_from_the_same_trace(lm):
    engine = LocalEngine(lm)
    short = finished(engine, RECIPE)
    longer = finished(engine, replace(RECIPE, max_new_tokens=14))
    assert ids(longer)[:10] == ids(short)
    assert len(engine.traces) == 1
    assert len(finished(engine, RECIPE).steps) == 10


def test_an_evicted_run_is_derived_again_with_the_same_numbers(lm):
    engine = LocalEngine(lm, trace_budget_bytes=1)
    before = finished(engine, RECIPE)
    finished(engine, Recipe("Something else", max_new_tokens=2))
    with pytest.raises(Evicted, match="Run it again"):
        engine.snapshot(RECIPE)
    after = finished(engine, RECIPE)
    assert ids(after) == ids(before)
    for one, other in zip(before.steps, after.steps, strict=True):
        assert one.draw == other.draw
        np.testing.assert_array_equal(one.candidates.logits, other.candidates.logits)


def test_the_store_keeps_what_its_budget_allows(lm):
    one = LocalEngine(lm)
    finished(one, RECIPE)
    budget = int(one.traces.nbytes() * 2.5)
    engine = LocalEngine(lm, trace_budget_bytes=budget)
    for word in ("one", "two", "three", "four"):
        finished(engine, replace(RECIPE, prompt=f"A walk in the {word}"))
    assert engine.traces.nbytes() <= budget
    assert 1 <= len(engine.traces) < 4


def test_two_visitors_with_one_recipe_share_a_trace_and_see_the_same(lm):
    engine, seen = LocalEngine(lm), []
    threads = [threading.Thread(target=lambda: seen.append(ids(finished(engine, RECIPE)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[0] == seen[1] == seen[2]
    assert len(engine.traces) == 1


def test_two_recipes_at_once_do_not_disturb_each_other(lm):
    other = replace(RECIPE, prompt="Cats and dogs are")
    alone = [ids(finished(LocalEngine(lm), recipe)) for recipe in (RECIPE, other)]
    engine, together = LocalEngine(lm), {}
    threads = [
        threading.Thread(target=lambda r=recipe: together.__setitem__(r, ids(finished(engine, r))))
        for recipe in (RECIPE, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[RECIPE], together[other]] == alone


def test_prefill_reports_each_layer_and_stops_when_nobody_listens(lm):
    engine = LocalEngine(lm)
    events = engine.run(Recipe("The quick brown fox jumps over the lazy dog"))
    reports = []
    for event in events:
        if isinstance(event, Progress):
            reports.append((event.message, event.done))
        if len(reports) == 5:
            break
    events.close()
    # Once the run has the model, no report says any more that it waits for it.
    assert reports == [("Waiting for the model", 0), *(("Prefill: layer", done) for done in range(4))]
    assert len(engine.traces) == 0
    assert not lm.lock.locked()


def test_a_prompt_over_the_limit_is_refused_with_both_numbers(lm):
    engine = LocalEngine(lm, max_prompt_tokens=10)
    with pytest.raises(UserError, match=r"has 5,000 tokens; the limit here is 10"):
        finished(engine, Recipe("word " * 4999 + "word"))


def test_more_new_tokens_than_the_page_gives_are_refused_with_both_numbers(lm):
    with pytest.raises(UserError, match=r"max_new_tokens is 300; the limit here is 256"):
        finished(LocalEngine(lm), Recipe("Hi", max_new_tokens=300))


def test_the_text_equals_the_tokenizers_decode_of_all_ids(engine, lm):
    run = finished(engine, Recipe("Emoji: 😀 🚀", sampling=SamplingSettings(True, seed=5), max_new_tokens=30))
    assert run.text == lm.tokenizer.decode(ids(run), skip_special_tokens=True)


def test_times_of_a_run_add_up(engine):
    run = finished(engine, RECIPE)
    expected = run.tokens.seconds + run.prefill.forward_seconds + run.steps[0].sampling_seconds
    assert run.ttft == pytest.approx(expected)
    assert len(run.itl) == len(run.steps) - 1
    assert 0 < run.prefill.embed_seconds + run.prefill.head_seconds < run.prefill.forward_seconds


def test_decoding_ends_at_a_stop_string_and_nothing_after_it_is_given(lm):
    engine = LocalEngine(lm)
    whole = finished(engine, Recipe("The capital of France is", max_new_tokens=12))
    assert "answer" in whole.text
    for one in (engine, LocalEngine(lm)):
        run = finished(one, Recipe("The capital of France is", max_new_tokens=12, stop=("nothing", "swer")))
        assert (run.stop.kind, run.stop.detail) == ("stop", "the stop string 'swer' was written")
        assert run.text.endswith("answer")
        assert ids(run) == ids(whole)[: len(run.steps)]
        assert one.snapshot(run.recipe).text == run.text


def test_a_token_that_the_model_has_no_row_for_is_refused_by_name_with_both_numbers():
    tokenizer, n_rows = KINDS["byte fallback"]().tokenizer, 300
    token_id = tokenizer.convert_tokens_to_ids("sing")
    assert n_rows <= token_id < len(tokenizer)
    engine = LocalEngine(assemble(pair("gpt2", n_rows)[0], tokenizer, "tiny gpt2"))
    said = rf"The token 'sing' has id {token_id}, but this model's embedding has {n_rows} rows, for ids up to 299"
    with pytest.raises(UserError, match=said):
        list(engine.run(Recipe("the singing")))
    with pytest.raises(UserError, match=said):
        engine.tokens.encode(Recipe("a"), "the singing")
    run = finished(engine, Recipe("q%", max_new_tokens=3))
    assert all(token.id < n_rows for token in run.tokens.tokens)
    assert len(run.steps) == 3
    # The probe of positions uses another token.
    assert engine.embed.positions(Recipe("q%", max_new_tokens=3), 3, 0, 0).learned.check.passed
