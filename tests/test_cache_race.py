"""With the cache and without: the same logits and tokens, at the cost the formula says; and caches that forget."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Cache
from transformers.cache_utils import DynamicSlidingWindowLayer

from model.cache_race import cache_race, held_bytes, pass_over
from model.cache_variant import cache_variant, other_cache
from model.costs import costs_of
from model.engine import LocalEngine
from model.errors import UserError
from model.forward import new_cache
from model.recipe import Recipe, SamplingSettings
from model.records_kv import Race, Variant
from tests.tiny import tiny_lm
from viz.answers import follow_job
from viz.jobs import all_jobs

PROMPT = "The quick brown fox jumps over the lazy dog and then"
HOT = SamplingSettings(do_sample=True, temperature=1.3, top_p=0.9, seed=7)


def last(items, kind):
    return [item for item in items if isinstance(item, kind)][-1]


def race(lm, recipe, n):
    return last(cache_race(lm, recipe, LocalEngine(lm).tokenize(recipe), n), Race)


@pytest.mark.parametrize("sampling", [SamplingSettings(), HOT])
def test_both_ways_give_the_tokens_of_the_run_itself(lm, engine, sampling):
    """Tolerance 1e-4 of the largest logit: float32 through thirty layers, other matrix shapes."""
    recipe = Recipe(PROMPT, sampling=sampling, max_new_tokens=8)
    found, run = race(lm, recipe, 8), list(engine.run(recipe, 8))[-1]
    assert [s.token.id for s in found.steps] == [s.token.id for s in run.steps]
    assert all(s.equal for s in found.steps)
    assert all(s.max_error <= 1e-4 * s.largest_logit for s in found.steps)
    assert any(s.max_error > 0 for s in found.steps), "an error of exactly 0 would mean the same pass twice"
    assert (found.text, found.ended) == (run.text, "limit")
    assert found.cache_bytes == 2 * 30 * 3 * 64 * 4 * (len(run.tokens) + 7)


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
    ("family", "settings"),
    [
        ("llama", {"num_key_value_heads": 2}),
        ("gpt2", {}),
        ("mixtral", {"num_local_experts": 4, "num_key_value_heads": 2}),
    ],
)
def test_the_formula_is_what_torch_counts_on_small_models(lm, family, settings):
    """Eager attention, whose multiplications torch counts one by one; 1 % for what the formula leaves out."""
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    if family == "mixtral":
        # torch does not count the grouped multiplication that experts are computed by otherwise.
        tiny.model.set_experts_implementation("eager")
    check_formula(tiny, 0.01)


def test_the_formula_is_what_torch_counts_on_the_bundled_model(lm):
    own = lm.model.config._attn_implementation
    try:
        check_formula(lm, 0.001)
    finally:
        lm.model.set_attn_implementation(own)


def check_formula(lm, tolerance):
    cache, ids = new_cache(lm), list(range(50, 90))
    lm.model.set_attn_implementation("eager")

    def counted(ids, cache):
        with FlopCounterMode(display=False) as counter:
            pass_over(lm, ids, cache)
        return counter.get_total_flops()

    whole, first, second = counted(ids, None), counted(ids[:-1], cache), counted(ids[-1:], cache)
    costs = costs_of(lm, cache)
    assert costs.full(40).flops == pytest.approx(whole, rel=tolerance)
    assert costs.cached(39, 39).flops == pytest.approx(first, rel=tolerance)
    assert costs.cached(1, 40).flops == pytest.approx(second, rel=tolerance)
    assert costs.cached(1, 40).cache_bytes == held_bytes(cache)


def test_bytes_read_are_those_of_the_tensors(lm):
    cache = new_cache(lm)
    pass_over(lm, range(10), cache)
    cost = costs_of(lm, cache).cached(10, 10)
    assert cost.cache_bytes == sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    matrices = [p for p in lm.model.parameters() if p.ndim > 1]
    # Embedding and head are one matrix here; the final norm is all that is left out.
    assert cost.weight_bytes == sum(p.nbytes for p in lm.model.parameters()) - lm.card.d_model * 4
    assert costs_of(lm, cache).block_weights == sum(p.numel() for p in matrices) - 49_152 * 576


def explicit(tiny, ids, n_prompt, window, sinks):
    """Logits of each position by one pass without a cache: a decoded row sees its window and the first tokens."""
    n = len(ids)
    rows, keys = torch.arange(n)[:, None], torch.arange(n)[None]
    seen = (keys <= rows) & ((rows < n_prompt) | (keys > rows - window + sinks) | (keys < sinks))
    # A row that has not passed the window yet sees all before it.
    seen |= (keys <= rows) & (rows < window)
    mask = torch.zeros(1, 1, n, n).masked_fill(~seen, torch.finfo(torch.float32).min)
    with torch.inference_mode():
        return tiny.model(torch.tensor([ids]), attention_mask=mask, use_cache=False).logits[0]


@pytest.mark.parametrize(("window", "sinks"), [(4, 0), (6, 2), (20, 0), (100, 3)])
def test_a_window_equals_one_pass_with_an_explicit_mask(lm, window, sinks):
    tiny, n_prompt = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2), 11
    ids = [7 * i % 499 for i in range(24)]
    cache = other_cache(tiny, "window", window, sinks)
    logits = [pass_over(tiny, ids[:n_prompt], cache)[0]]
    logits += [pass_over(tiny, [token], cache)[0] for token in ids[n_prompt:]]
    whole = explicit(tiny, ids, n_prompt, window, sinks)[n_prompt - 1 :]
    torch.testing.assert_close(torch.stack(logits), whole, atol=1e-4, rtol=0)
    kept = min(24, window - 1)
    assert held_bytes(cache) == 2 * 2 * 2 * 16 * 4 * kept


def test_a_window_without_sinks_is_transformers_own_sliding_layer(lm):
    tiny, ids = tiny_lm("llama", lm.tokenizer), [5 * i % 499 for i in range(20)]
    ours, theirs = other_cache(tiny, "window", 6, 0), Cache(layers=[DynamicSlidingWindowLayer(6) for _ in range(2)])
    for part in (ids[:4], *([token] for token in ids[4:])):
        torch.testing.assert_close(pass_over(tiny, part, ours)[0], pass_over(tiny, part, theirs)[0], atol=1e-5, rtol=0)
    assert held_bytes(ours) == held_bytes(theirs)


def variant(lm, recipe, **arguments):
    return last(cache_variant(lm, recipe, LocalEngine(lm).tokenize(recipe), **arguments), Variant)


def test_a_window_that_holds_everything_changes_nothing(lm):
    found = variant(lm, Recipe(PROMPT), kind="window", n_tokens=4, window=500)
    assert found.first_different is None
    assert [s.drift for s in found.steps] == [0.0] * 4
    assert (found.text, found.bytes) == (found.other_text, found.other_bytes)


def test_a_small_window_parts_where_the_first_tokens_differ(lm):
    found = variant(lm, Recipe(PROMPT), kind="window", n_tokens=10, window=4)
    at = found.first_different
    assert at > 0, "the first token comes from the prompt, which both read whole"
    assert [s.token.id == s.other.id for s in found.steps[: at + 1]] == [True] * at + [False]
    assert [s.drift is None for s in found.steps] == [False] * (at + 1) + [True] * (9 - at)
    assert found.steps[0].drift == 0.0 < found.steps[at].drift
    assert found.other_bytes == 2 * 30 * 3 * 64 * 4 * 3


def test_eight_bit_floats_take_a_quarter_and_round(lm):
    found = variant(lm, Recipe(PROMPT), kind="fp8", n_tokens=4)
    # Beside the numbers, two scales of float32 a layer.
    assert found.other_bytes == found.bytes // 4 + 30 * 2 * 4
    assert found.steps[0].drift == 0.0 < found.steps[1].drift < 5


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


def test_models_without_a_plain_cache_say_so(lm):
    mamba = tiny_lm("mamba", lm.tokenizer, attention="eager", state_size=8)
    with pytest.raises(UserError, match="keeps no keys and values"):
        race(mamba, Recipe("one two"), 2)
    sliding = tiny_lm("gemma3_text", lm.tokenizer, num_key_value_heads=2, head_dim=16, sliding_window=8)
    with pytest.raises(UserError, match="full attention in every layer"):
        variant(sliding, Recipe("one two"), kind="window", n_tokens=2)


def test_a_race_on_a_sliding_model_agrees_too(lm):
    sliding = tiny_lm("gemma3_text", lm.tokenizer, num_key_value_heads=2, head_dim=16, sliding_window=8)
    found = race(sliding, replace(Recipe(PROMPT), max_new_tokens=6), 6)
    assert all(s.max_error <= 1e-4 * max(1.0, s.largest_logit) for s in found.steps)
    assert found.steps[-1].cached.cache_bytes == 2 * 2 * 2 * 16 * 4 * 8


class Ready:
    """A startup that is done."""

    def __init__(self, engine):
        self._engine = engine

    def status(self):
        return type("Status", (), {"phase": "ready"})

    def engine(self):
        return self._engine
