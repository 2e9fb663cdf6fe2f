"""The model card on the page: its numbers are the record's, and its boxes lead to the stage of each part."""

import pytest

from tests.browser import app, finished
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from tests.test_architecture import SETTINGS, routed
from tests.tiny import tiny_lm


@pytest.fixture(scope="module")
def mixture(lm, tmp_path_factory):
    """A tiny mixture of experts, saved in a folder."""
    tiny, folder = tiny_lm("mixtral", lm.tokenizer, **SETTINGS["mixtral"]), tmp_path_factory.mktemp("mixture")
    tiny.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return tiny, folder


def test_the_parts_are_the_records_and_the_boxes_lead_to_their_stages(page, server, engine):
    page.goto(server)
    finished(page)
    page.click("#tab-model")
    page.wait_for_selector(".panel-model .flow-attention")
    found = engine.architecture.describe().parameters
    for part, total in zip(found.parts, found.total.tolist(), strict=True):
        row = page.locator(f".model-parameters tr[data-part='{part}']")
        assert row.count() == (total > 0)
        if total:
            assert row.locator("td").nth(1).inner_text() == f"{total:,}"
    assert "134,515,008" in page.inner_text(".model-parameters tfoot")
    assert page.inner_text(".model-proof").count("134,515,008") == 2
    assert "9 query heads" in page.text_content(".flow-attention")
    assert "3 KV heads" in page.text_content(".flow-attention")
    assert "apache-2.0" in page.inner_text(".model-facts")
    assert "RoPE, θ 100,000, not scaled" in page.inner_text(".model-facts")
    assert page.locator("#model-routing button").is_hidden()
    page.click(".flow-attention .flow-title")
    page.wait_for_selector("#panel-prefill:not([hidden])")
    page.click("#tab-model")
    page.focus(".flow-cache")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel-cache:not([hidden])")


def uncached(page, url, folder):
    """GPT-1 on the same page: it has no KV cache, and the page mentions none."""
    tokenizer = KINDS["whole words"]().tokenizer
    pair("openai-gpt", len(tokenizer))[0].save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    page.goto(f"{url}?p=the+quick+brown+fox&n=3&model={folder}")
    finished(page)
    reason = "No KV cache is used here: the family 'openai-gpt' has no KV cache in transformers"
    page.click("#tab-cache")
    page.wait_for_selector(f'#panel-cache .notice:has-text("{reason}")')
    page.wait_for_selector(f'.player:has-text("{reason}. Each step takes all positions again")')
    page.click("#tab-select")
    page.wait_for_selector('#panel-select:has-text("takes this position and the 4 before it again")')
    page.click("#tab-prefill")
    page.wait_for_selector('.player:has-text("nothing to go on from")')
    page.click("#tab-model")
    page.wait_for_selector(".panel-model .flow-attention")
    assert page.locator(".flow-cache").count() == 0


def test_the_routing_on_the_page_is_the_runs_and_a_family_without_a_cache_claims_none(page, mixture, tmp_path):
    tiny, folder = mixture
    with app("--model", str(folder)) as url:
        held = "**/component_server"
        page.route(held, lambda route: None if "architecture" in route.request.post_data else route.continue_())
        page.goto(f"{url}?p=one+two+three&n=3&at=model.0.1.1.0")
        finished(page)
        # The content below the diagram loads with it: a button that moves while it is pressed gets no click.
        page.wait_for_selector(".looking:has-text('what the model is made of')")
        assert page.locator("#model-routing .primary").is_hidden()
        page.unroute(held)
        page.click("#model-routing .primary")
        page.wait_for_selector(".routes .route-number")
        found, _ = routed(tiny, "one two three")
        shown = page.eval_on_selector_all(
            ".scroll:has(.route-token) .route-number", "all => all.map(t => t.textContent)"
        )
        assert [int(text) for text in shown] == found.experts[:, :, 0].flatten().tolist()
        chosen = page.inner_text("#model-routing .kv-readout")
        assert f"position 1 ·two, layer 1: expert {found.experts[1, 1, 0]} with" in chosen
        page.focus(".routes")
        page.keyboard.press("ArrowUp")
        page.wait_for_function("() => document.querySelector('.kv-readout').textContent.includes('layer 0')")
        uncached(page, url, tmp_path)
        # A page that stays open would send requests to a server that is gone.
        page.goto("about:blank")
