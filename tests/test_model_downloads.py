"""Models on the Hub: downloaded once, with progress in bytes, stopped and resumed; GGUF files work like any other."""

import pytest

from model.request.errors import Cancelled
from model.source.download import download
from model.source.hub import Hub
from tests.fake_hub import COMMIT, fake_hub
from tests.pools import pool_of, recipe, run, same, three_models, use
from tests.saved_models import write_gguf


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return three_models(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def hub(saved, tmp_path):
    with fake_hub() as running:
        running.add("org/tiny", saved["llama"], cardData={"license": "mit"})
        running.client = Hub(running.url, token=False, cache=tmp_path / "cache")
        yield running


@pytest.mark.slow
def test_a_model_of_the_hub_is_downloaded_once_with_its_bytes_told_and_equals_the_folder(saved, hub):
    pool = pool_of(saved["gpt2"], hub=hub.client)
    asked = recipe("org/tiny")
    plan = pool.inspect(asked)
    assert (plan.about.licence, plan.about.revision) == ("mit", COMMIT)
    engine, reports = use(pool, asked)
    told = [r for r in reports if r.unit == "bytes"]
    assert told[-1].done == told[-1].total == plan.about.download_bytes
    assert [r.done for r in told] == sorted(r.done for r in told)
    assert (engine.card().model_id, engine.card().revision) == ("org/tiny", COMMIT)
    theirs, ours = run(pool, recipe(saved["llama"])), run(pool, asked)
    same(theirs.steps[-1].candidates.logits, ours.steps[-1].candidates.logits)
    n_requests = len(hub.requests)
    again = pool_of(saved["gpt2"], hub=hub.client)
    assert again.inspect(asked).about.download_bytes == 0
    run(again, asked)
    assert len(hub.requests) == n_requests
    # Without a network, the copy on the disk is used.
    alone = pool_of(saved["gpt2"], hub=Hub("http://127.0.0.1:9", token=False, cache=hub.client.cache))
    assert run(alone, asked).steps[-1].token.id == ours.steps[-1].token.id


@pytest.mark.slow
def test_a_download_stops_between_chunks_and_goes_on_from_there(saved, hub, monkeypatch):
    weights = (saved["llama"] / "model.safetensors").stat().st_size
    monkeypatch.setattr("huggingface_hub.file_download.constants.DOWNLOAD_CHUNK_SIZE", weights // 10)
    pool, asked = pool_of(saved["gpt2"], hub=hub.client), recipe("org/tiny")
    plan, heard = pool.inspect(asked), []

    def until_half(progress):
        if progress.message.endswith("model.safetensors"):
            heard.append(progress.done)
        if heard and progress.done - heard[0] > weights / 2:
            raise Cancelled(progress.message)

    with pytest.raises(Cancelled):
        download(plan, hub.client, until_half)
    use(pool, asked)
    (_, first), (_, second) = [asked for asked in hub.requests if asked[0] == "model.safetensors"]
    assert first == ""
    assert 0.4 * weights < int(second.removeprefix("bytes=").split("-")[0]) < 0.7 * weights
    same(run(pool, asked).steps[-1].candidates.logits, run(pool, recipe(saved["llama"])).steps[-1].candidates.logits)


@pytest.mark.slow
def test_a_gguf_runs_like_any_other_model_and_so_does_one_of_the_hub(saved, hub, tmp_path):
    (tmp_path / "one").mkdir()
    path = write_gguf(tmp_path / "one" / "tiny.gguf")
    hub.add("org/quants", path.parent, gguf={"architecture": "llama", "total": 35_000})
    pool = pool_of(saved["gpt2"], hub=hub.client)
    local, remote = run(pool, recipe(path)), run(pool, recipe("org/quants/tiny.gguf"))
    assert pool.engine(recipe(path)).card().family == "llama"
    assert all(check.passed for check in pool.engine(recipe(path)).card().checks)
    same(local.steps[-1].candidates.logits, remote.steps[-1].candidates.logits)
