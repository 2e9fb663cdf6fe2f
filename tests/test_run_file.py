"""A run as a trace file: its numbers are the model's, it opens again, and invalid files are refused in words."""

import copy
import hashlib
import json
import math

import pytest
import torch

from model.engine.core import LocalEngine
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from tests.tiny import tiny_lm
from viz.stages.run_file import open_run_file, run_file

RECIPE = Recipe("one two three </script> =four", max_new_tokens=6)
SAMPLED = Recipe("one two three", sampling=SamplingSettings(do_sample=True, seed=4), max_new_tokens=6)


@pytest.fixture(scope="module")
def tiny(lm):
    return LocalEngine(tiny_lm("llama", lm.tokenizer))


def document(engine, recipe: Recipe, n_steps: int = 6) -> dict:
    """The file as read back from a disk."""
    last = list(run_file(engine, recipe, {"n_steps": n_steps}))[-1]
    return json.loads(json.dumps(last["document"]))


def opened(engine, made: dict) -> dict:
    return list(open_run_file(engine, RECIPE, {"document": made}))[-1]["comparison"]


def test_the_file_has_the_logits_of_a_plain_forward_pass_in_a_few_numbers(tiny):
    made = document(tiny, SAMPLED)
    ids = [token["id"] for token in made["tokens"]]
    chosen = [step["token"]["id"] for step in made["steps"]]
    with torch.inference_mode():
        logits = tiny.lm.model(torch.tensor([ids + chosen])).logits[0, len(ids) - 1 :].double()
    for step, said in enumerate(made["logits"]):
        scores = logits[step]
        assert said["largest"] == pytest.approx(float(scores.max()), abs=1e-5)
        assert said["largest_id"] == int(scores.argmax())
        assert said["log_sum_exp"] == pytest.approx(float(scores.exp().sum().log()), abs=1e-5)
        own = tiny.decode.logits(SAMPLED, step).astype("<f4").tobytes()
        assert said["sha256"] == hashlib.sha256(own).hexdigest()
        logit, share = made["steps"][step]["logit"], made["steps"][step]["probability"]
        assert math.exp(logit - said["log_sum_exp"]) == pytest.approx(share, abs=1e-6)
    assert made["model"]["model_id"] == tiny.card().model_id
    assert made["made_by"]["torch"] == torch.__version__


@pytest.mark.parametrize("recipe", [RECIPE, SAMPLED, Recipe("one", forced=((1, 9),), max_new_tokens=6)])
def test_a_file_opens_to_the_same_run_in_an_engine_that_never_saw_it(tiny, lm, recipe):
    made = document(tiny, recipe)
    found = opened(LocalEngine(tiny.lm), made)
    assert found["same_tokens"]
    assert found["n_compared"] == found["same_logits"] == len(made["steps"]) == 6
    # The file rounds to seven digits.
    assert found["max_probability_difference"] < 1e-7
    assert found["differing"] == []


def test_a_pause_is_kept(tiny):
    assert len(document(tiny, RECIPE, 2)["steps"]) == 2


def test_changed_numbers_are_found(tiny):
    made = document(tiny, SAMPLED)
    made["steps"][3]["candidates"]["probability"][1] += 0.125
    assert opened(tiny, made)["max_probability_difference"] == pytest.approx(0.125, abs=1e-6)
    made["steps"][2]["token"]["id"] = (made["steps"][2]["token"]["id"] + 1) % 100
    found = opened(tiny, made)
    assert (found["first_difference"], found["n_compared"], found["same_tokens"]) == (2, 3, False)
    assert found["max_probability_difference"] < 1e-7
    made["made_by"]["dtype"] = "bfloat16"
    assert opened(tiny, made)["differing"] == [["dtype", "bfloat16", "float32"]]
    made["tokens"][0]["id"] += 1
    found = opened(tiny, made)
    assert (found["same_prompt"], found["n_compared"], found["same_tokens"]) == (False, 0, False)


def put(path: str, value):
    """A change to a document: the value at a path of keys."""

    def change(made):
        *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        for part in way:
            made = made[part]
        made[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("format", "other"), "not a trace file"),
        (put("version", 2), "version 2; this page reads version 1"),
        (put("version", "x" * 9000), "version 'xxx.*…; this"),
        (put("model.model_id", "someone/else"), "a run of 'someone/else'; here .* is loaded.*Choose that model"),
        (put("recipe", []), "no 'recipe'"),
        (put("recipe.prompt", ""), "prompt is empty"),
        (put("recipe.max_new_tokens", 10**6), "max_new_tokens"),
        (put("recipe.evil", 1), "Unknown recipe field 'evil'"),
        (put("tokens.0.id", -1), "token id -1"),
        (put("tokens.0.id", "1"), "token id '1'"),
        (put("tokens", [{"id": 1}] * 200_000), "200,000 entries"),
        (put("steps.1.token", None), "token id None"),
        (put("steps.1.candidates.probability.0", 7), "probability that is not"),
        (put("steps.1.candidates.probability.0", float("nan")), "probability that is not"),
        (put("steps.1.candidates.probability", [0.5]), "50 candidates with 1 prob"),
        (put("steps.1.candidates.token_ids.0", 10**9), "candidate outside"),
        (put("steps.1.candidates.token_ids.0", {}), "other than numbers"),
        (put("steps.0", 3), "no 'candidates'"),
        (put("made_by", None), "no 'made_by'"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words_before_anything_runs(tiny, change, message, monkeypatch):
    made = copy.deepcopy(document(tiny, RECIPE))
    change(made)
    monkeypatch.setattr(LocalEngine, "run", lambda *a: pytest.fail("it ran"))
    with pytest.raises(UserError, match=message):
        next(open_run_file(tiny, RECIPE, {"document": made}))


@pytest.mark.parametrize("made", [None, [], "text", 3, {}])
def test_what_is_no_document_at_all_is_refused(tiny, made):
    with pytest.raises(UserError, match="not a trace file"):
        next(open_run_file(tiny, RECIPE, {"document": made}))
