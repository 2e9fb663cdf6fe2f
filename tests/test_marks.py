"""The page's marks are green on a run, and red when what they mark is wrong.

Each test asks for a view as the page does and reads its marks. `make mutants` puts one fault at a time into the code
and sees that the test of its mark fails.
"""

import pytest
import torch

from model.capture.capture import LayerCapture
from model.engine.core import LocalEngine
from model.loading import check_model
from model.loading.check_model import OUTPUT, SAME, verify
from model.request.recipe import Recipe, SamplingSettings
from tests.runs import last
from tests.small_tokenizers import whole_words
from tests.tiny import tiny_lm
from viz.stages.attention.maps import head_scores, kv_cache, prefill_checks
from viz.stages.attention.one_head import head_checks, one_head
from viz.stages.cache import cache_costs
from viz.stages.decode.run import step_checks
from viz.stages.decode.surprisal import surprisal
from viz.stages.latency.whatif import whatif
from viz.stages.layers import layers_lens, layers_neurons
from viz.stages.speculative import speculate

PROMPT = "the lazy dog and the lazy dog sing in the rain and the lazy"
# Every stage of the sampler takes part, and the tokens left after it have different shares.
SAMPLING = SamplingSettings(
    do_sample=True, temperature=0.6, top_k=30, top_p=0.8, min_p=0.01, typical_p=0.95, repetition_penalty=1.2, seed=3
)
RECIPE = Recipe(PROMPT, sampling=SAMPLING, max_new_tokens=6)
STEP_MARKS = ("bars = softmax again", "entropy and surprisal in bits", "drawn from = sampler again")
LENGTHS = {"n_prompt": 64, "n_context": 80, "n_users": 1}


@pytest.fixture(scope="module")
def engine():
    """A small model whose two key and value heads are shared by four query heads, with one run."""
    tiny = LocalEngine(tiny_lm("llama", whole_words().tokenizer, num_key_value_heads=2))
    assert len(list(tiny.run(RECIPE))[-1].steps) == 6
    return tiny


def assert_green(checks, *names: str) -> None:
    """All marks are green, and those named were made."""
    assert {check["name"] for check in checks if check["made"]} >= set(names)
    wrong = [check for check in checks if check["made"] and not check["passed"]]
    assert not wrong, "\n".join(f"{check['name']}: {check['error']:.3g}. {check['how']}" for check in wrong)


@pytest.mark.parametrize("step", range(6))
def test_the_marks_of_a_step(engine, step):
    checks = step_checks(engine, RECIPE, {"step": step})["checks"]
    assert_green(checks, *STEP_MARKS, "drawn number in the token's interval")


def test_the_marks_of_a_greedy_step(engine):
    recipe = Recipe(PROMPT, max_new_tokens=2)
    list(engine.run(recipe))
    checks = step_checks(engine, recipe, {"step": 1})["checks"]
    assert_green(checks, *STEP_MARKS)
    assert len(checks) == len(STEP_MARKS), "nothing was drawn, so no draw is checked"


def test_the_mark_of_the_prompts_surprisal(engine):
    assert_green([last(surprisal(engine, RECIPE, {}), dict)["check"]], "surprisal by a pass that ends before")


def test_the_marks_of_the_cache(engine):
    checks = [*kv_cache(engine, RECIPE, {})["checks"], *cache_costs(engine, RECIPE, {})["checks"]]
    flops_names = ("FLOPs without the cache = counted", "FLOPs with the cache = counted")
    assert_green(checks, "bytes = the cache's tensors", *flops_names)


def test_the_marks_of_a_run_that_is_shown_to_an_earlier_step(engine):
    assert_green(kv_cache(engine, RECIPE, {"n_steps": 2})["checks"], "bytes = the cache's tensors")


@pytest.mark.parametrize("cache_bits", [8, 16, 32])
def test_the_marks_of_what_if(engine, cache_bits):
    choice = {"machine": 0, "model": 1, "weight_bits": 16, "cache_bits": cache_bits, **LENGTHS}
    assert_green(whatif(engine, RECIPE, choice)["checks"], "KV bytes = the live cache's", "attention FLOPs = counted")


def test_the_mark_of_the_heads_scores(engine):
    found = head_scores(engine, RECIPE, {"layer_start": 0, "n_positions": 16})
    assert found["n_repeats"] > 3
    assert_green(found["checks"], "scores by definition")


@pytest.mark.parametrize(("head", "key"), [(0, 1), (3, 7), (2, 12)])
def test_the_marks_of_one_head(engine, head, key):
    place = {"layer": 1, "head": head, "query": 11, "key": key}
    assert one_head(engine, RECIPE, place)["pair"]["hidden"] == ("later" if key > 11 else "")
    checks = head_checks(engine, RECIPE, place)["checks"]
    names = ("q · k gives the map's cell", "weights = eager", "z = input of W_O", "heads sum to W_O's output")
    assert_green(checks.values(), *names)


@pytest.mark.parametrize("head", range(4))
def test_the_marks_of_a_map(engine, head):
    checks = prefill_checks(engine, RECIPE, {"layer": 1, "head": head})["checks"]
    assert_green(checks, "captured = eager", "row sums = eager's", "cached = full")


def test_the_marks_of_the_lens(engine):
    checks = layers_lens(engine, RECIPE, {"position": 9})["checks"]
    assert_green(checks, "lens on the last layer = logits", "next tokens = the run's", "recomputed = run")


def test_the_marks_of_the_neurons(engine):
    checks = layers_neurons(engine, RECIPE, {"layer": 1, "position": 9, "k": 8})["checks"]
    assert_green(checks, "neurons sum to mlp_out", "none writes more than those listed")


def test_the_marks_of_speculative_decoding(engine):
    choice = {"kind": "exit", "n_draft": 3, "n_tokens": 40, "n_layers": 1}
    checks = last(speculate(engine, RECIPE, choice), dict)["checks"]
    names = ("kept below min(1, p/q)", "drawn from max(0, p − q)", "drawn number in the token's interval")
    assert_green(checks, *names, "rounds give p back")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_marks_of_a_model_in_any_number_format(dtype):
    """Captured weights are compared in float32, so 16 bits forgive no error of a tenth."""
    tiny = tiny_lm("llama", whole_words().tokenizer, num_key_value_heads=2)
    right = verify(_as(tiny, dtype))
    by_name = {check.name: check for check in right.card.checks}
    assert all(check.passed for check in right.card.checks)
    assert by_name[SAME].error < 1e-6
    assert by_name[OUTPUT].error < 0.5 * torch.finfo(torch.bfloat16).eps


def test_keys_that_are_a_tenth_too_long_are_noticed_in_bfloat16(monkeypatch):
    tiny = _as(tiny_lm("llama", whole_words().tokenizer, num_key_value_heads=2), torch.bfloat16)
    key = LayerCapture.key.fget
    monkeypatch.setattr(LayerCapture, "key", property(lambda layer: key(layer) * 1.1))
    failed = verify(tiny).card.checks[0]
    assert (failed.name, failed.passed) == (check_model.MAPS, False)
    assert SAME in failed.how


def _as(lm, dtype):
    lm.model.to(dtype)
    assert lm.dtype == dtype
    return lm
