"""Several models on one page: same numbers after a switch, a memory budget, one load at a time, cancelling."""

import copy
import gc
import json
import threading
import time
import weakref
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import dispatch_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.request.errors import Evicted, UserError
from model.source.sources import Allowed
from tests.pools import PROMPT, Counting, pool_of, recipe, run, same, three_models, use
from tests.saved_models import save
from viz.stages.source import models
from viz.wire.answers import answer_view, follow_run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return three_models(tmp_path_factory.mktemp("saved"))


@pytest.mark.slow
def test_switching_back_and_forth_gives_the_same_numbers_without_loading_again(saved):
    pool = pool_of(saved["gpt2"])
    asked = [recipe(""), recipe(saved["qwen3"]), recipe(""), recipe(saved["qwen3"])]
    runs = [run(pool, each) for each in asked]
    assert [name for name, _ in pool._opener.opened] == [str(saved["gpt2"]), str(saved["qwen3"])]
    for first, again in ((runs[0], runs[2]), (runs[1], runs[3])):
        assert [s.token.id for s in first.steps] == [s.token.id for s in again.steps]
        same(first.steps[-1].candidates.logits, again.steps[-1].candidates.logits)
    assert runs[0].tokens.ids != runs[1].tokens.ids
    # From transformers alone, with the same folder.
    model = AutoModelForCausalLM.from_pretrained(saved["qwen3"])
    with torch.inference_mode():
        ids = model.generate(torch.tensor([runs[1].tokens.ids]), max_new_tokens=6, do_sample=False)
    assert ids[0, len(runs[1].tokens) :].tolist() == [s.token.id for s in runs[1].steps]


@pytest.mark.slow
def test_the_least_recently_used_leaves_first_and_comes_back_the_same(saved):
    pool = pool_of(saved["gpt2"])
    run(pool, recipe(""))
    before = run(pool, recipe(saved["llama"]))
    gone = weakref.ref(pool.engine(recipe(saved["llama"])).lm)
    pool.budget_bytes = pool.nbytes() + 1000
    run(pool, recipe(saved["qwen3"]))
    assert [Path(m.model).name for m in pool.held(recipe(""))] == ["tiny-qwen3", ""]
    assert pool.nbytes() <= pool.budget_bytes
    gc.collect()
    assert gone() is None, "an evicted model must leave the memory"
    with pytest.raises(Evicted, match="Run it again"):
        pool.engine(recipe(saved["llama"]))
    after = run(pool, recipe(saved["llama"]))
    same(before.steps[-1].candidates.logits, after.steps[-1].candidates.logits)


@pytest.mark.slow
def test_one_in_use_and_the_pages_own_are_never_evicted(saved):
    pool = pool_of(saved["gpt2"])
    use(pool, recipe(""))
    use(pool, recipe(saved["llama"]))
    pool.budget_bytes = pool.nbytes() + 1000
    with pool.using(recipe(saved["llama"])):
        with pytest.raises(UserError, match=r"has .* GiB of weights; this page has .* left of .*--model-memory-gb"):
            use(pool, recipe(saved["qwen3"]))
        pool.engine(recipe(saved["llama"]))
    use(pool, recipe(saved["qwen3"]))
    assert pool.start_engine() is pool.engine(recipe(""))


@pytest.mark.slow
def test_a_dtype_is_part_of_the_recipe_and_gives_a_model_of_its_own(saved):
    pool = pool_of(saved["gpt2"])
    engines = {d: use(pool, recipe("", dtype=d))[0] for d in ("", "float32", "bfloat16", "float16")}
    assert engines[""] is engines["float32"]
    assert {d: e.card().dtype for d, e in engines.items()} == {d: d or "float32" for d in engines}
    assert recipe("", dtype="bfloat16").trace_key != recipe("").trace_key
    for engine in engines.values():
        assert [check.passed for check in engine.card().checks] == [True] * 5
    exact = engines[""].decode.next_token(recipe(""), 5)
    for d in ("bfloat16", "float16"):
        half = engines[d].decode.next_token(recipe("", dtype=d), 5)
        assert abs(float(half.logits[0] - exact.logits[0])) < 0.05 * abs(float(exact.logits[0]))


@pytest.mark.slow
def test_a_model_that_accelerate_has_put_in_several_places_computes_and_captures_the_same(saved):
    pool = pool_of(saved["qwen3"])
    one, split = run(pool, recipe("")), run(pool, recipe("", device="split"))
    assert pool.engine(recipe("", device="split")) is not pool.engine(recipe(""))
    same(one.steps[-1].candidates.logits, split.steps[-1].candidates.logits)
    # There is only one device here; with accelerate's hooks forced on, modules are called as with several.
    alone = pool.engine(recipe("")).lm
    parts = ("model.embed_tokens", "model.layers.0", "model.layers.1", "model", "lm_head")
    model = copy.deepcopy(alone.model)
    dispatch_model(model, dict.fromkeys(parts, "cpu"), force_hooks=True)
    assert all(hasattr(block, "_hf_hook") for block in model.model.layers)
    engine = LocalEngine(assemble(model, alone.tokenizer, "hooked"))
    assert engine.card().device == str(engine.lm.device) == "cpu"
    assert [check.passed for check in engine.card().checks] == [True] * 5
    hooked = list(engine.run(recipe("")))[-1]
    same(one.steps[-1].candidates.logits, hooked.steps[-1].candidates.logits)
    n = len(hooked.tokens)
    for layer in range(2):
        ours, theirs = (e.attention.pattern(recipe(""), layer, 1, n) for e in (engine, pool.engine(recipe(""))))
        same(ours, theirs)


@pytest.mark.slow
def test_two_threads_that_want_two_models_both_get_theirs(saved):
    pool = pool_of(saved["gpt2"])
    asked, got = [recipe(saved["qwen3"]), recipe(saved["llama"])] * 2, {}
    barrier = threading.Barrier(len(asked))

    def want(place):
        barrier.wait()
        got[place] = run(pool, asked[place])

    threads = [threading.Thread(target=want, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pool._opener.opened) == 2
    for place in (0, 1):
        alone = run(pool_of(asked[place].model), replace(asked[place], model=""))
        for other in (got[place], got[place + 2]):
            assert [s.token.id for s in other.steps] == [s.token.id for s in alone.steps]


@pytest.mark.slow
def test_the_traces_of_all_models_share_one_budget(saved, monkeypatch):
    monkeypatch.setattr("model.pool.TRACE_BYTES", 300_000)
    pool = pool_of(saved["gpt2"])
    asked = [recipe(model) for model in ("", saved["qwen3"], saved["llama"])]
    for each in asked:
        for word in ("one", "two", "three", "four", "five"):
            run(pool, replace(each, prompt=f"{PROMPT} {word}"))
    held = [pool.engine(each).traces.nbytes() for each in asked]
    largest = max(pool.engine(each).trace(replace(each, prompt=f"{PROMPT} five")).nbytes() for each in asked)
    assert sum(held) <= max(300_000, 3 * largest)
    assert all(pool.engine(each).traces._budget == 100_000 for each in asked)


class Started:
    """A startup whose models are loaded."""

    def __init__(self, pool):
        self.pool = pool

    def status(self):
        return type("Status", (), {"phase": "ready"})

    def models(self):
        return self.pool


@pytest.mark.slow
def test_a_view_of_a_model_that_left_says_evicted_and_the_run_again_equals(saved):
    pool = pool_of(saved["gpt2"])
    use(pool, recipe(""))
    startup, asked = Started(pool), json.loads(recipe(saved["llama"]).to_json())
    views = {"run": lambda engine, recipe, args: {"ids": [s.token.id for s in engine.snapshot(recipe).steps]}}
    look = json.dumps({"name": "run", "recipe": asked})
    assert json.loads(answer_view(views, startup, look))["reason"] == "evicted"
    heard = list(follow_run(startup, {"recipe": asked}))
    assert heard[-1] == {"kind": "done"}
    assert any("Reading the weights" in item.get("message", "") for item in heard)
    before = json.loads(answer_view(views, startup, look))["ok"]
    pool.budget_bytes = pool.nbytes() - 1
    pool._make_room("another", 0)
    assert json.loads(answer_view(views, startup, look))["reason"] == "evicted"
    pool.budget_bytes = 2**40
    list(follow_run(startup, {"recipe": asked}))
    assert json.loads(answer_view(views, startup, look))["ok"] == before


def test_a_recipe_with_an_unknown_model_is_answered_in_words(saved):
    pool = pool_of(saved["gpt2"])
    use(pool, recipe(""))
    heard = list(follow_run(Started(pool), {"recipe": json.loads(recipe("/no/such/model").to_json())}))
    assert heard[-1]["kind"] == "error"
    assert "There is no folder '/no/such/model'" in heard[-1]["error"]
    pool.allowed = Allowed(frozenset(["org/a"]), False)
    look = {"name": "x", "recipe": json.loads(recipe("/no/such/model").to_json())}
    answer = json.loads(answer_view({"x": lambda *_: {}}, Started(pool), json.dumps(look)))
    assert answer["reason"] == "refused"
    assert "opens no folders or files of its server" in answer["error"]


class Slowly(Counting):
    """Pauses between reports, so that it can be stopped between any two."""

    def open(self, key, plan, report, make_room):
        def later(progress):
            time.sleep(0.02)
            report(progress)

        return super().open(key, plan, later, make_room)


@pytest.mark.slow
def test_loading_that_is_cancelled_leaves_nothing_and_can_be_done_again(saved):
    pool = pool_of(saved["gpt2"], opener=Slowly)
    with closing(pool.opened(recipe(saved["qwen3"]))) as opening:
        seen = [next(opening).message for _ in range(6)]
    assert any("Reading the weights of tiny-qwen3: tensor" in message for message in seen)
    assert pool.held(recipe("")) == ()
    assert not pool._loading.locked()
    assert run(pool, recipe(saved["qwen3"])).steps


@pytest.mark.slow
def test_a_limited_page_lists_what_it_opens_and_says_nothing_of_its_disk(saved):
    pool = pool_of(saved["gpt2"])
    use(pool, recipe(""))
    pool.allowed = Allowed(frozenset(["openai-community/gpt2", "org/own"]), False)
    found = models(pool, recipe(""), {})
    assert [item["id"] for item in found["listed"]] == ["openai-community/gpt2"]
    assert (found["others"], found["free"], found["paths"]) == (["org/own"], False, False)
    assert found["listed"][0]["memory"]["bfloat16"] == int(1.2 * 2 * 124_439_808)
    assert str(saved["gpt2"].parent) not in json.dumps(found)
    assert [(m["title"], m["model"], m["is_current"]) for m in found["held"]] == [("tiny-gpt2", "", True)]


@pytest.mark.slow
def test_a_draft_model_is_opened_like_any_model_of_the_page(saved, tmp_path):
    pool, target = pool_of(saved["gpt2"]), recipe(saved["llama"])
    small = save(tmp_path / "smaller", "llama", AutoTokenizer.from_pretrained(saved["llama"]), num_key_value_heads=1)
    engine, _ = use(pool, target)
    found = list(engine.speculative.speculate(target, "model", 3, 8, 1, str(small)))
    plain = run(pool, replace(target, max_new_tokens=8))
    assert [t.id for t in found[-1].tokens][:8] == [s.token.id for s in plain.steps]
    assert {Path(held.model).name for held in pool.held(target)} == {"smaller", "tiny-llama"}
    with pytest.raises(UserError, match="another tokenizer"):
        list(engine.speculative.speculate(target, "model", 3, 8, 1, str(saved["gpt2"])))
    with pytest.raises(UserError, match="There is no folder"):
        list(engine.speculative.speculate(target, "model", 3, 8, 1, "/no/such/model"))
    pool.allowed = Allowed(frozenset([str(saved["llama"])]), False)
    with pytest.raises(UserError, match="opens no folders or files of its server"):
        list(engine.speculative.speculate(target, "model", 3, 8, 1, str(small)))


@pytest.mark.slow
def test_a_draft_that_is_not_smaller_is_refused_before_it_is_read(saved, tmp_path):
    pool = pool_of(saved["gpt2"])
    small = save(tmp_path / "smaller", "llama", AutoTokenizer.from_pretrained(saved["llama"]), num_key_value_heads=1)
    engine, _ = use(pool, recipe(small))
    held = len(pool.held(recipe(small)))
    with pytest.raises(UserError, match="must be smaller"):
        list(engine.speculative.speculate(recipe(small), "model", 3, 8, 1, str(saved["llama"])))
    assert len(pool.held(recipe(small))) == held
