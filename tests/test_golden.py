"""The public interface answers as recorded in the golden set: API, recipes, views, jobs, trace files, links.

If an answer changes on purpose, record the set again with `python -m tests.golden.record`, which prints the changes.
"""

import json

import pytest

from tests.golden import ask, face, linked, refused
from tests.golden.cases import FILES, JOBS, VIEWS
from tests.golden.compare import ANY, differences
from tests.golden.record import read
from tests.golden.reduce import reduced

GOLDEN = {name: read(name) for name in ("runs", "api", "views", "refusals", "jobs", "files", "recipes", "links")}


@pytest.fixture(scope="module")
def public():
    """The public interface of this code, on the bundled model."""
    return face.Page()


@pytest.fixture(scope="module")
def seen(public):
    """The runs of all recipes, which the views need."""
    return {name: question() for name, question in ask.runs(public).items()}


def unchanged(golden, answer) -> None:
    found = list(differences(golden, answer))
    assert not found, "\n".join(found[:20])


def test_every_view_and_every_job_is_asked(public):
    assert {name for name, _, _ in VIEWS} == set(public.views)
    refusing = {name for name, _ in refused.JOB_ARGUMENTS} - {"nowhere"}
    assert {name for name, _, _ in JOBS} | refusing == set(public.jobs)


def test_every_question_has_an_answer_of_its_own(public):
    for group in ("runs", "api", "views", "refusals", "jobs"):
        assert list(getattr(ask, group)(public)) == list(GOLDEN[group])
    assert list(ask.recipes()) == list(GOLDEN["recipes"])
    assert len(GOLDEN["views"]) == len(VIEWS)
    assert len(GOLDEN["jobs"]) == len(JOBS)


def test_what_was_chosen_is_never_left_open():
    for group in ("runs", "api", "recipes", "links"):
        assert ANY not in json.dumps(GOLDEN[group]), group
    assert json.dumps(GOLDEN).count(ANY) < 50


@pytest.mark.parametrize("name", GOLDEN["runs"])
def test_a_run_reports_the_same_tokens_under_the_same_key(seen, name):
    unchanged(GOLDEN["runs"][name], seen[name])


@pytest.mark.parametrize("name", GOLDEN["api"])
def test_a_call_of_the_api_answers_the_same(public, seen, name):
    unchanged(GOLDEN["api"][name], ask.api(public)[name]())


@pytest.mark.parametrize("name", GOLDEN["views"])
def test_a_view_answers_the_same(public, seen, name):
    unchanged(GOLDEN["views"][name], ask.views(public)[name]())


# Before the jobs, because a measured machine appears in the list of machines.
@pytest.mark.parametrize("name", GOLDEN["refusals"])
def test_what_is_refused_is_refused_in_the_same_words(public, seen, name):
    unchanged(GOLDEN["refusals"][name], ask.refusals(public)[name]())


@pytest.mark.parametrize("name", GOLDEN["jobs"])
def test_a_job_finds_the_same(public, seen, name):
    unchanged(GOLDEN["jobs"][name], ask.jobs(public)[name]())


@pytest.mark.parametrize("name", GOLDEN["files"])
def test_a_trace_file_saved_then_opens_to_the_same_run(public, seen, name):
    unchanged(GOLDEN["files"][name], ask.files(public, read("saved"))[name]())


@pytest.mark.parametrize(("name", "n_steps"), FILES.items())
def test_what_a_run_is_saved_as_is_the_file_that_was_saved_then(name, n_steps):
    (job,) = (case for case in GOLDEN["jobs"] if case.startswith(f"run_file, {name}"))
    now = GOLDEN["jobs"][job]["last"]["found"]["document"]
    unchanged(now, reduced(read("saved")[name], "run_file"))
    assert now["n_steps"] == n_steps


@pytest.mark.parametrize("name", GOLDEN["recipes"])
def test_a_recipe_reads_the_same_and_has_the_same_key(name):
    unchanged(GOLDEN["recipes"][name], ask.recipes()[name]())


def test_links_are_written_and_read_the_same(tmp_path):
    golden, answer = GOLDEN["links"], ask.links(tmp_path)
    for place, (was, now) in enumerate(zip(golden["written"], answer["written"], strict=True)):
        unchanged({str(linked.STATES[place]["state"])[:80]: was}, {str(linked.STATES[place]["state"])[:80]: now})
    for address, was, now in zip(linked.ADDRESSES, golden["opened"], answer["opened"], strict=True):
        unchanged({address: was}, {address: now})
    unchanged(golden["keys"], answer["keys"])
