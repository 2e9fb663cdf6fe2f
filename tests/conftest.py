"""Fixtures; each one asserts what it claims to be."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Shapes and types are checked at every call. The recipe is left out: its input comes from outside, and its own
# validation must see it.
UNCHECKED = {"recipe", "validate", "__init__"}
CHECKED = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in sorted((ROOT / "model").rglob("*.py"))
    if file.stem not in UNCHECKED
]
assert len(CHECKED) > 100, "no module of model/ is found: no shape would be checked"
install_import_hook(CHECKED, "beartype.beartype")

# The fixtures that imply a mark; see `markers` in pyproject.toml.
NEEDS = {"bundled": {"lm", "server", "public"}, "browser": {"chromium"}}


def pytest_collection_modifyitems(items):
    """Marks each test by its fixtures, so that no mark is forgotten."""
    for item in items:
        for mark, fixtures in NEEDS.items():
            if fixtures & set(item.fixturenames):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def lm():
    """The bundled model, loaded as the page loads it."""
    from model.loading.load import load
    from model.source.bundled import BUNDLED_ID, bundled_model_dir

    loaded = load(bundled_model_dir(), BUNDLED_ID, device="cpu", dtype="float32")
    assert loaded.card.n_layers == 30
    assert loaded.card.n_parameters == 134_515_008
    return loaded


@pytest.fixture(scope="session")
def engine(lm):
    """An engine on the bundled model, ready."""
    from model.engine.core import LocalEngine

    return LocalEngine(lm)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A complete small model on the disk, which no test may damage."""
    from tests.saved_models import save
    from tests.small_tokenizers import KINDS

    tokenizer = KINDS["byte fallback"]().tokenizer
    tokenizer.chat_template = "{{ messages[0].content }}"
    return save(tmp_path_factory.mktemp("saved") / "tiny-llama", "llama", tokenizer)


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of it that a test may damage."""
    return shutil.copytree(saved, tmp_path / "tiny-llama")


@pytest.fixture
def hub(tmp_path):
    """A Hub with nothing in it, and an empty cache."""
    from model.source.hub import Hub
    from tests.fake_hub import fake_hub

    with fake_hub() as running:
        running.client = Hub(running.url, token=False, cache=tmp_path / "cache")
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of the app, started with its default options."""
    from tests.browser import app

    with app(log=tmp_path_factory.mktemp("app") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium that can only reach this machine. In CI it is required."""
    from playwright.sync_api import sync_playwright

    from tests.browser import ARGUMENTS, chromium

    path = chromium()
    if path is None:
        missing = "no Chromium found: install Debian's package chromium to test the page"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def profile(chromium):
    """What the tabs of a process share: the browser's cache, and a window that a first, empty tab keeps open.

    To fill the one and to open the other is half of the work of a visit.
    """
    from tests.browser import SCREEN

    context = chromium.new_context(viewport=SCREEN)
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def page(profile):
    """A fresh tab, in which nothing may fail."""
    from tests.browser import watched

    with watched(profile) as tab:
        yield tab
