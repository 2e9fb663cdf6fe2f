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
from tests.asked import JOBS, N_NEW, VIEWS
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

# Positions by rotation, and by a learned table.
FAMILIES = {"llama": {"num_key_value_heads": 2}, "gpt2": {}}
EXPERTS = {"num_key_value_heads": 2, "num_local_experts": 4}
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
TIMED = {"length_sweep", "roofline", "batching", "throughput"}


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
