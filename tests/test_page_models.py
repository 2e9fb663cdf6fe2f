"""Choosing another model on the page: the walk continues with the same prompt and settings."""

import json
import re

import pytest

from model.tokens.languages import count_languages
from tests.browser import ask, finished, tokens
from tests.samples import LANGUAGES
from tests.saved_models import save
from tests.small_tokenizers import KINDS

ALL = ("tokenize", "embed", "prefill", "layers", "decode", "select", "detokenize", "branches", "cache", "text")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tokenizer = KINDS["byte fallback"]().tokenizer
    return save(tmp_path_factory.mktemp("saved") / "tiny-qwen3", "qwen3", tokenizer, num_key_value_heads=2, head_dim=16)


def picker(page):
    """Opens the dialog with the keyboard."""
    page.focus("button.model")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .models-list li")


def closed(page):
    page.wait_for_function("() => !document.querySelector('dialog.models').open", timeout=60_000)
    finished(page)


def type_model(page, name):
    page.fill("#model-name", str(name))
    page.keyboard.press("Enter")


def test_a_local_model_walks_keeps_prompt_and_settings_and_the_way_back_is_quick(page, server, folder):
    page.goto(server)
    finished(page)
    page.click(".settings summary")
    page.fill("#set-max_new_tokens", "7")
    ask(page, "the quick brown")
    first = tokens(page)
    picker(page)
    type_model(page, folder / "none")
    page.wait_for_selector("dialog .refused-line:not([hidden])")
    assert "There is no folder" in page.inner_text("dialog .refused-line")
    assert page.input_value("#model-name") == str(folder / "none")
    type_model(page, folder)
    page.wait_for_selector(".models-result button.primary:visible")
    said = page.inner_text(".models-result")
    assert "2 layers" in said
    assert "nothing to download" in said
    page.keyboard.press("Enter")
    closed(page)
    assert page.inner_text("button.model strong").startswith("tiny-qwen3")
    assert (page.input_value("#prompt"), page.input_value("#set-max_new_tokens")) == ("the quick brown", "7")
    assert len(tokens(page)) == 7
    for name in ALL:
        page.click(f"#tab-{name}")
        page.wait_for_function(f"() => document.querySelector('#panel-{name}').innerText.length > 80")
        assert "could not" not in page.inner_text(f"#panel-{name}")
    other = tokens(page)
    page.wait_for_function("() => location.search.includes('tiny-qwen3')")
    page.reload()
    finished(page)
    assert tokens(page) == other
    assert page.inner_text("button.model strong").startswith("tiny-qwen3")
    picker(page)
    page.click(".models-back")
    closed(page)
    assert tokens(page) == first
    page.wait_for_function("() => !location.search.includes('tiny-qwen3')")
    assert page.inner_text(".stale") == ""
    assert re.search(r"[?&]p=the\+quick\+brown", page.url)


def test_the_models_button_is_found_where_the_first_model_is_refused(page, server):
    page.goto(f"{server}?p=Hello&n=3&model=/no/such/folder")
    page.wait_for_selector(".status .refused", timeout=60_000)
    assert "There is no folder '/no/such/folder'" in page.inner_text(".status .refused")
    page.click("button.model")
    page.click(".models-back")
    closed(page)
    assert len(tokens(page)) == 3


@pytest.mark.parametrize("width", [1440, 390])
def test_the_dialog_fits_the_screen(page, server, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(server)
    finished(page)
    picker(page)
    sizes = page.eval_on_selector("dialog.models", "d => [d.scrollWidth, d.clientWidth, d.offsetWidth]")
    assert sizes[0] <= sizes[1]
    assert sizes[2] <= width
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.models")
    assert page.evaluate("document.activeElement.className") == "model"


@pytest.fixture(scope="module")
def without_attention(tmp_path_factory):
    """A state-space model as published: its config has no heads."""
    tokenizer = KINDS["byte level"]().tokenizer
    saved = save(tmp_path_factory.mktemp("saved") / "tiny-mamba", "mamba", tokenizer, attention="eager", state_size=8)
    config = json.loads((saved / "config.json").read_text())
    del config["num_attention_heads"]
    (saved / "config.json").write_text(json.dumps(config))
    return saved


def test_a_model_without_attention_says_so_once_and_claims_no_keys_and_values(page, server, without_attention):
    page.goto(f"{server}?p=the+quick+brown+fox&n=3&model={without_attention}&at=prefill.0.2.0.0")
    finished(page)
    page.wait_for_selector("#panel-prefill .notice:has-text('No attention maps')")
    assert "2 layers · no attention" in page.inner_text("button.model")
    shown = page.inner_text("#panel-prefill")
    assert shown.count("No attention maps") == 1
    assert "2 × 0" not in shown
    assert not any(sign in shown for sign in ("✗", "Sort by", "Layer 0, head 0"))
    for name in ("layers", "decode", "select", "branches", "latency", "cache"):
        page.click(f"#tab-{name}")
        page.wait_for_function(f"() => document.querySelector('#panel-{name}').innerText.length > 60")
        if name == "layers":
            page.click("#panel-layers .depths summary")
            assert "d_mlp" not in page.inner_text("#panel-layers .depths")
        said = page.inner_text(".sentence") + page.inner_text(f"#panel-{name}").replace("no KV cache", "")
        assert "KV cache" not in re.sub(r"rows\s+tokens/s\s+ITL\s+KV cache", "", said), name


def test_text_that_is_in_no_token_stands_between_them_and_unknown_words_are_no_gain(page, server, tmp_path):
    vocabulary = KINDS["wordpiece"]()
    folder = save(tmp_path / "tiny-wordpiece", "llama", vocabulary.tokenizer)
    page.goto(f"{server}?p=+the++lazy+dog%0A&n=2&model={folder}&at=tokenize.0.0.0.0")
    finished(page)
    page.wait_for_selector(".seen .between")
    assert page.locator(".seen .between").all_inner_texts() == ["·", "··", "·", "↵"]
    assert page.eval_on_selector(".seen", "e => e.textContent") == "·the··lazy·dog↵"
    page.wait_for_selector(".languages li")
    read = [(item["code"], item["name"], item["text"]) for item in LANGUAGES]
    rows = page.locator(".languages li").all()
    assert "A factor in grey counts unknown tokens" in page.inner_text(".card:has(.languages)")
    counts = count_languages(vocabulary, read)
    assert any(counted.n_unknown for counted in counts)
    for row, counted in zip(rows, counts, strict=True):
        lost = f"{counted.n_unknown} of {counted.n_tokens} unknown" in row.inner_text()
        assert lost == (counted.n_unknown > 0) == ("lost" in (row.get_attribute("class") or "")), counted.name
