"""Requests from a grammar of all views, jobs and recipes, to the wire on tiny models: each is answered or refused.

`make fuzz` asks 10,000; FUZZ_SEED chooses others.
"""

import os
import random
from itertools import islice
from pathlib import Path

import pytest

from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.fuzzing import page_in, requests, unexpected, unknown

SEED = int(os.environ.get("FUZZ_SEED", "1"))
FEW, MANY = 1_000, 10_000


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    found = page_in(tmp_path_factory.mktemp("models"))
    assert unknown(found) == set(), "a view or a job that the grammar does not ask"
    return found


def strangers(page, n: int, seed: int) -> list[str]:
    """The requests, of so many, whose answer is that something went wrong."""
    asked = islice(requests(random.Random(seed), page), n)
    return [f"{request!r:.300}" for request in asked if unexpected(page, request)]


@pytest.mark.slow
def test_a_thousand_requests_are_answered_or_refused_in_words(page, caplog):
    assert strangers(page, FEW, SEED) == []
    assert [record.message for record in caplog.records if record.exc_info] == []


@pytest.mark.fuzz
@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_ten_thousand_requests_are_answered_or_refused_in_words(page, caplog):
    assert strangers(page, MANY, SEED + 1) == []
    assert [record.message for record in caplog.records if record.exc_info] == []


@pytest.mark.slow
def test_a_folder_that_the_page_may_not_read_is_refused(page, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", denied)
    with pytest.raises(UserError, match="The page may not read '/some/folder'. Give it the right to"):
        page.pool.inspect(Recipe("Hi", model="/some/folder"))
