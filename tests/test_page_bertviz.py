"""BertViz in the page: all three views draw offline, and a prompt is never executed in them."""

import pytest

from tests.browser import settled

HOSTILE = "</script><script>parent.postMessage('attacked','*')</script><img src=x onerror=top.attacked=1> ok"


def opened(page, server, kind):
    """The frame of a view, once it has drawn. The page keeps what its frames say to it."""
    page.set_default_timeout(60_000)
    page.goto(server)
    page.evaluate("window.heard = []; window.addEventListener('message', ({ data }) => window.heard.push(data))")
    settled(page, "prefill")
    page.locator(".bertviz > summary").click()
    page.click(f".bertviz button[data-kind={kind}]")
    frame = page.frame_locator(f".bertviz iframe[title*='{kind}']")
    frame.locator("svg line, svg path").first.wait_for(state="attached")
    page.locator(".bertviz-place").scroll_into_view_if_needed()
    return frame


@pytest.mark.parametrize("kind", ["head", "model", "neuron"])
def test_each_view_draws_in_a_frame_that_may_only_run_scripts(page, server, kind):
    frame = opened(page, server, kind)
    assert frame.locator("svg line, svg path").count() > 20
    # The model view shows a token only where one points.
    assert (frame.get_by_text("Tower").count() > 0) == (kind != "model")
    iframe = page.locator(".bertviz iframe")
    assert iframe.get_attribute("sandbox") == "allow-scripts"
    assert iframe.bounding_box()["height"] > 300


def test_the_text_beside_it_says_what_is_left_out(page, server):
    opened(page, server, "head")
    assert "Layer 0 only, all heads" in page.locator(".bertviz").inner_text()


def test_tokens_that_are_markup_stay_text(page, server):
    frame = opened(page, server, "head")
    page.locator(".prompt-row textarea").fill(HOSTILE)
    page.locator(".prompt-row textarea").press("Control+Enter")
    page.locator(".strip").get_by_text("attacked").first.wait_for()
    page.click("#tab-prefill")
    frame.get_by_text("script").first.wait_for(state="attached")
    assert frame.locator("img").count() == 0
    # Messages come in their order: this one after those of a script that ran.
    frame.locator("body").evaluate("() => parent.postMessage('the last', '*')")
    page.wait_for_function("() => window.heard.includes('the last')")
    assert page.evaluate("window.heard.includes('attacked')") is False
    assert page.evaluate("window.attacked ?? null") is None
