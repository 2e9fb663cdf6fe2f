"""Every view and every job, asked on tiny models, answers in exactly the shape that its type declares."""

import json
from contextlib import nullcontext
from dataclasses import replace
from functools import cache

import pytest

from model.engine.core import LocalEngine
from model.records.progress import Progress
from model.records.run import EngineStatus
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.pools import pool_of, three_models
from tests.shapes import faults
from tests.small_tokenizers import KINDS
from tests.tiny import tiny_lm
from tools.payload_types import job_answer, view_answer
from viz.config import PageConfig, page_config
from viz.stages import all_jobs, all_views
from viz.stages.source import VIEWS as ABOUT_MODELS
from viz.wire.answers import follow_job, follow_run
from viz.wire.payload import dump
from viz.wire.standing import Standing

N_NEW = 4
# Positions by rotation, and by a learned table.
FAMILIES = {"llama": {"num_key_value_heads": 2}, "gpt2": {}}
EXPERTS = {"num_key_value_heads": 2, "num_local_experts": 4}
HEAD = {"layer": 1, "head": 2}
NEAR = {"n": 6, "position": 3}
VIEWS = {
    "architecture": {},
    "attention_overview": {"n_positions": 6},
    "attention_position": {**HEAD, "position": 3, "n_positions": 6},
    "attention_tile": {**HEAD, "query_start": 0, "query_stop": 6, "key_start": 0, "key_stop": 6},
    "bertviz": {**HEAD, "kind": "head", "position": 3, "n_positions": 6},
    "cache_costs": {},
    "cache_sizes": {"n_positions": 100, "window": 8},
    "card": {},
    "code": {"stage": "layers"},
    "detokenize": {"n": 3, "around": 1},
    "drafts": {},
    "embed_dot_product": {**HEAD, "query": 4, "key": 1},
    "embed_map": NEAR,
    "embed_nearest": {"token_id": 40, "k": 3},
    "embed_positions": {**NEAR, "layer": 1},
    "embed_rows": NEAR,
    "embed_similarity": NEAR,
    "encode": {"text": "the dog"},
    "head_checks": {**HEAD, "query": 4, "key": 1},
    "head_scores": {"n_positions": 6},
    "kv_cache": {},
    "latency": {},
    "layers_attribution": {"position": 4, "against": 40},
    "layers_lens": {"position": 4},
    "layers_neurons": {"layer": 1, "position": 4, "k": 3},
    "layers_residual": {"layer": 1, "position": 4},
    "logits": {"step": 1},
    "one_head": {**HEAD, "query": 4},
    "prefill_checks": HEAD,
    "run": {},
    "tokenize_languages": {},
    "tokenize_merges": {"position": 3},
    "tokenize_path": {"position": 3},
    "tokenize_seen": {},
    "tokenize_shares": NEAR,
    "whatif": {"machine": 0, "model": 0, "n_prompt": 100, "n_context": 200, "n_users": 2},
}
JOBS = {
    "batching": {"requests": [{"prompt": f"the {word}", "max_new_tokens": 2, "arrival": 0} for word in ("dog", "fox")]},
    "beams": {"num_beams": 2, "max_new_tokens": 2},
    "cache_race": {"n_tokens": 2},
    "cache_variant": {"kind": "window", "window": 4, "n_tokens": 3},
    "length_sweep": {"longest": 32},
    "roofline": {},
    "run_file": {"n_steps": N_NEW},
    "speculate": {"kind": "exit", "n_draft": 2, "n_tokens": 4},
    "stage_times": {},
    "surprisal": {},
    "throughput": {"largest": 2},
}
# These are asked in tests of their own below.
ELSEWHERE = {*ABOUT_MODELS, "routing", "open_run_file"}


@cache
def tiny(family: str) -> tuple[LocalEngine, Recipe]:
    """A tiny model of a family, and a run of it."""
    settings = EXPERTS if family == "mixtral" else FAMILIES[family]
    engine = LocalEngine(tiny_lm(family, KINDS["byte fallback"]().tokenizer, **settings))
    recipe = Recipe("the quick brown fox and the lazy dog", max_new_tokens=N_NEW)
    assert len(list(engine.run(recipe))[-1].steps) == N_NEW
    return engine, recipe


class Ready:
    """A page's startup, over, with one engine for every recipe."""

    def __init__(self, engine):
        self.engine = engine

    def status(self):
        return EngineStatus("ready", "Ready", 1.0)

    def models(self):
        return self

    def opened(self, recipe):
        yield Progress("Opening", 1, 2)
        return nullcontext(self.engine)


def found_by(job, engine, recipe, args) -> list:
    """All that a job finds; every message about it is as declared."""
    request = {"job": "asked", "recipe": json.loads(recipe.to_json()), "args": args}
    messages = list(follow_job(Ready(engine), {"asked": job}, request))
    assert [fault for message in messages for fault in faults(Standing, message)] == []
    assert messages[-1] == {"kind": "done"}, messages[-1]
    found = [message["found"] for message in messages if message["kind"] == "job"]
    assert found
    return found


def test_every_view_and_every_job_is_asked():
    assert {*VIEWS, *JOBS, *ELSEWHERE} == {*all_views(), *all_jobs()}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_answers_in_its_declared_shape(family, name):
    engine, recipe = tiny(family)
    view = all_views()[name]
    if (name, family) == ("embed_dot_product", "gpt2"):
        # Its score does not depend on the distance, so there is no curve to send.
        with pytest.raises(UserError):
            view(engine, recipe, VIEWS[name])
        return
    answer = view(engine, recipe, VIEWS[name])
    assert list(faults(view_answer(view), answer)) == []
    assert dump(answer)


# They time the machine for about two seconds each.
TIMED = {"length_sweep", "roofline", "batching"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in TIMED else ()) for name in JOBS])
def test_a_job_finds_what_its_type_declares(name):
    engine, recipe = tiny("llama")
    job = all_jobs()[name]
    for found in found_by(job, engine, recipe, JOBS[name]):
        assert list(faults(job_answer(job), found)) == []


def test_routing_is_as_declared():
    engine, recipe = tiny("mixtral")
    job = all_jobs()["routing"]
    (found,) = found_by(job, engine, recipe, {"position": 3})
    assert list(faults(job_answer(job), found)) == []


def test_a_file_that_is_opened_again_is_compared_as_declared():
    engine, recipe = tiny("llama")
    jobs = all_jobs()
    (filed,) = found_by(jobs["run_file"], engine, recipe, {"n_steps": N_NEW})
    document = json.loads(dump(filed))["document"]
    opened = found_by(jobs["open_run_file"], engine, replace(recipe, prompt="x"), {"document": document})
    assert [fault for found in opened for fault in faults(job_answer(jobs["open_run_file"]), found)] == []
    assert "comparison" in opened[-1]


def test_a_run_reports_as_declared():
    engine, recipe = tiny("llama")
    request = {"recipe": json.loads(replace(recipe, prompt="another dog").to_json())}
    messages = list(follow_run(Ready(engine), request))
    assert {message["kind"] for message in messages} == {"progress", "run", "done"}
    assert [fault for message in messages for fault in faults(Standing, message)] == []
    (failed,) = follow_run(Ready(engine), {"recipe": {"prompt": ""}})
    assert failed["kind"] == "error"
    assert list(faults(Standing, failed)) == []


@pytest.mark.parametrize("name", sorted(ABOUT_MODELS))
def test_what_is_said_of_the_models_is_as_declared(tmp_path, name):
    folder = three_models(tmp_path)["llama"]
    view = all_views()[name]
    answer = view(pool_of(folder), Recipe("x"), {})
    assert list(faults(view_answer(view), answer)) == []


def test_the_page_is_configured_as_declared():
    assert list(faults(PageConfig, page_config(256))) == []
