"""With the cache and without: the same logits and tokens, and each side does the work that it claims."""

from dataclasses import replace

import pytest

from model.cache.race import cache_race
from model.engine.core import LocalEngine
from model.records.kv import Race
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from tests.ready import Ready
from tests.tiny import tiny_lm
from viz.stages import all_jobs
from viz.wire.answers import follow_job

PROMPT = "The quick brown fox jumps over the lazy dog and then"
HOT = SamplingSettings(do_sample=True, temperature=1.3, top_p=0.9, seed=7)


def race(lm, recipe, n):
    items = cache_race(lm, recipe, LocalEngine(lm).tokenize(recipe), n, Budget(60))
    return [item for item in items if isinstance(item, Race)][-1]


@pytest.mark.parametrize("sampling", [SamplingSettings(), HOT])
def test_both_ways_give_the_tokens_of_the_run_itself(lm, engine, sampling):
    """Tolerance 1e-4 of the largest logit: float32 through thirty layers, with other matrix shapes."""
    recipe = Recipe(PROMPT, sampling=sampling, max_new_tokens=8)
    found, run = race(lm, recipe, 8), list(engine.run(recipe, 8))[-1]
    assert [s.token.id for s in found.steps] == [s.token.id for s in run.steps]
    assert all(s.equal for s in found.steps)
    assert all(s.max_error <= 1e-4 * s.largest_logit for s in found.steps)
    assert any(s.max_error > 0 for s in found.steps), "an error of exactly 0 would mean the same pass twice"
    assert (found.text, found.ended) == (run.text, "limit")
    assert found.cache_bytes == 2 * 30 * 3 * 64 * 4 * (len(run.tokens) + 7)


def test_tokens_that_a_person_chose_do_not_count_as_agreement(lm, engine):
    """Forced on both sides, tokens would always be equal: so both sides ignore the forced tokens."""
    recipe = Recipe(PROMPT, forced=((0, 7), (2, 9)), max_new_tokens=4)
    free = list(engine.run(replace(recipe, forced=()), 4))[-1]
    assert [s.token.id for s in race(lm, recipe, 4).steps] == [s.token.id for s in free.steps]


def test_without_the_cache_means_every_position_every_time(lm, monkeypatch):
    fed, inner = [], lm.model.forward

    def counted(input_ids, **arguments):
        fed.append((input_ids.shape[1], arguments.get("past_key_values") is not None))
        return inner(input_ids, **arguments)

    monkeypatch.setattr(lm.model, "forward", counted)
    found = race(lm, Recipe(PROMPT), 3)
    n = found.n_prompt
    assert fed == [(n, True), (n, False), (1, True), (n + 1, False), (1, True), (n + 2, False)]
    assert [(s.cached.n_new, s.full.n_new) for s in found.steps] == [(n, n), (1, n + 1), (1, n + 2)]


@pytest.mark.parametrize(
    ("job", "args", "message"),
    [
        ("cache_race", {"n_tokens": 65}, "n_tokens is 65; it must be a whole number from 1 to 64"),
        ("cache_race", {"n_tokens": None}, "n_tokens is None"),
        ("cache_variant", {"kind": "int4"}, "kind is 'int4'; choose one of: window, fp8"),
        ("cache_variant", {"kind": "window", "window": 1}, "window is 1; it must be a whole number from 2"),
        ("cache_variant", {"kind": "window", "window": 4, "sinks": 3}, "sinks is 3; it must be a whole number from 0"),
        ("cache_variant", {"kind": "window", "window": 4, "sinks": 1.5}, "sinks is 1.5"),
    ],
)
def test_a_job_outside_the_limits_is_refused_in_words(engine, job, args, message):
    heard = list(follow_job(Ready(engine), all_jobs(), {"job": job, "recipe": {"prompt": PROMPT}, "args": args}))
    assert heard[-1]["kind"] == "error"
    assert message in heard[-1]["error"]


def test_each_answer_of_a_job_is_complete(engine):
    asked = {"job": "cache_race", "recipe": {"prompt": PROMPT}, "args": {"n_tokens": 2}}
    heard = list(follow_job(Ready(engine), all_jobs(), asked))
    assert heard[-1] == {"kind": "done"}
    found = [item["found"] for item in heard if item["kind"] == "job"]
    assert [len(item["steps"]) for item in found] == [1, 2]
    assert found[1]["steps"][0] == found[0]["steps"][0]


def test_a_model_without_keys_and_values_says_so(lm):
    mamba = tiny_lm("mamba", lm.tokenizer, attention="eager", state_size=8)
    with pytest.raises(UserError, match="keeps no keys and values"):
        race(mamba, Recipe("one two"), 2)


def test_a_race_on_a_sliding_model_agrees_too(lm):
    sliding = tiny_lm("gemma3_text", lm.tokenizer, num_key_value_heads=2, head_dim=16, sliding_window=8)
    found = race(sliding, replace(Recipe(PROMPT), max_new_tokens=6), 6)
    assert all(s.max_error <= 1e-4 * max(1.0, s.largest_logit) for s in found.steps)
    assert found.steps[-1].cached.cache_bytes == 2 * 2 * 2 * 16 * 4 * 8
