"""Nothing is lost if the server restarts, the page is reloaded or left and reopened, or others run at the same time."""

import json
import urllib.parse
from contextlib import ExitStack

import pytest

from model.request.recipe import Recipe
from tests.browser import app, ask, finished, free_port, settled, tokens, visitor

LONG = "Count to one hundred: 1, 2, 3,"


def expected(engine, prompt: str, n: int) -> list[int]:
    run = list(engine.run(Recipe(prompt, max_new_tokens=n)))[-1]
    return [step.token.id for step in run.steps]


def link(url: str, prompt: str, n: int, **more) -> str:
    return f"{url}?{urllib.parse.urlencode({'p': prompt, 'n': n, **more})}"


@pytest.fixture
def tab(chromium):
    """A tab whose console may tell of a server that is gone, and of nothing else."""
    problems = []
    with visitor(chromium) as page:
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
    assert [text for text in problems if "ERR_CONNECTION_REFUSED" not in text and "net::ERR" not in text] == []


def test_a_server_that_restarts_in_mid_run_and_while_idle_loses_nothing(tab, engine):
    port = free_port()
    with app(port=port) as url:
        tab.goto(link(url, LONG, 40))
        finished(tab)
        tab.fill("#prompt", "Tell me about the sea")
        tab.evaluate("document.querySelector('#tbt').dataset.mark = 'the same page'")
        tab.click("button.run")
        tab.wait_for_function("() => document.querySelector('#tbt').dataset.prompt.startsWith('Tell me')")
    # If the server disappears during a run, the page says so, keeps its data, and stays usable.
    tab.wait_for_selector(".status .away")
    tab.fill("#prompt", "Not yet asked")
    with app(port=port):
        tab.wait_for_selector(".status .away", state="detached", timeout=60_000)
        finished(tab)
        assert tokens(tab) == expected(engine, "Tell me about the sea", 40)
        assert tab.input_value("#prompt") == "Not yet asked"
    # When idle, it notices by itself; a click on something that is not loaded yet waits for the server.
    tab.wait_for_selector(".status .away")
    tab.click("#tab-layers")
    with app(port=port):
        tab.wait_for_selector(".panel-layers .lens-place canvas", timeout=90_000)
        tab.wait_for_selector(".status .away", state="detached", timeout=60_000)
        assert tokens(tab) == expected(engine, "Tell me about the sea", 40)
    assert tab.get_attribute("#tbt", "data-mark") == "the same page"
    assert tab.locator(".toast-body").count() == 0


def test_a_prompt_too_long_for_a_request_stays_whole_in_the_link(page, server):
    prompt = "день и ночь, " * 120
    page.goto(link(server, "short", 1))
    finished(page)
    ask(page, prompt)
    page.wait_for_function("() => location.hash.startsWith('#p=')")
    address = page.url
    assert len(address.split("#")[0]) < 300
    page.reload()
    finished(page)
    assert page.get_attribute("#tbt", "data-prompt") == prompt
    page.go_back()
    page.wait_for_function("() => document.querySelector('#tbt').dataset.prompt === 'short'")
    page.goto("about:blank")
    page.goto(address)
    finished(page)
    assert page.get_attribute("#tbt", "data-prompt") == prompt


def test_a_link_holds_prompt_settings_choices_stage_step_and_selection(page, server, chromium):
    asked = {"do_sample": 1, "temperature": 1.3, "seed": 7, "forced": "1.345"}
    page.goto(link(server, "Hello & <b> 🚀 = ?", 6, **asked, at="embed.2.3.4.5"))
    finished(page)
    settled(page, "layers")
    page.wait_for_url("**at=layers*")
    kept = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))
    place = {"p": "Hello & <b> 🚀 = ?", "n": "6", "at": "layers.2.3.4.5"}
    assert kept == {name: str(value) for name, value in asked.items()} | place
    assert tokens(page)[1] == 345
    with visitor(chromium) as other:
        other.goto(page.url)
        finished(other)
        other.wait_for_selector("#tab-layers[aria-selected=true]")
        assert tokens(other) == tokens(page)
        for tab in (page, other):
            assert tab.get_attribute(".strip .chip.selected", "data-position") == "3"


def test_back_and_forward_go_through_the_runs(page, server, engine):
    page.goto(link(server, "The sun is", 5))
    finished(page)
    page.wait_for_url("**at=*")
    ask(page, "The moon is")
    page.wait_for_url("**moon**")
    for go, prompt in ((page.go_back, "The sun is"), (page.go_forward, "The moon is")):
        go()
        page.wait_for_function("p => document.querySelector('#tbt').dataset.prompt === p", arg=prompt)
        finished(page)
        assert tokens(page) == expected(engine, prompt, 5)
        assert page.input_value("#prompt") == prompt


def test_who_waits_sees_their_place_and_can_leave(server, chromium, engine):
    """When all slots are busy, the next two pages are told how many are waiting before them; one moves up."""
    # Imported here, because it imports Gradio, which tests without a browser should not wait for.
    from viz.page import MODEL_QUEUE

    n = MODEL_QUEUE["concurrency_limit"] + 2
    with ExitStack() as visitors:
        *working, second, last = tabs = [visitors.enter_context(visitor(chromium)) for _ in range(n)]
        for tab in tabs:
            tab.goto(link(server, "The sun is", 5))
            finished(tab)
            tab.evaluate(
                """() => { window.seen = []; new MutationObserver(() => {
                    const text = document.querySelector('.status').innerText;
                    if (text.includes('Waiting') && window.seen.at(-1) !== text) window.seen.push(text);
                }).observe(
                    document.querySelector('.status'), { subtree: true, childList: true, characterData: true }
                ); }"""
            )
            tab.click(".settings summary")
            tab.fill("#set-max_new_tokens", "120")
        for number, tab in enumerate(tabs):
            tab.fill("#prompt", f"{LONG} {number}")
            # They enter the queue one after the other.
            with tab.expect_response("**/queue/join"):
                tab.click("button.run")
        last.wait_for_function("() => document.querySelector('.status').innerText.includes('1 run before yours')")
        second.wait_for_function("() => document.querySelector('.status').innerText.includes('yours is next')")
        second.click(".status button")
        last.wait_for_function("() => window.seen.some((text) => text.includes('yours is next'))", timeout=60_000)
        for tab in working:
            tab.click(".status button")
        last.wait_for_function(
            "p => document.querySelector('#tbt').dataset.prompt === p", arg=f"{LONG} {len(tabs) - 1}", timeout=60_000
        )
        last.click(".status button")
        assert second.get_attribute("#tbt", "data-prompt") == "The sun is"
        assert tokens(second) == expected(engine, "The sun is", 5)


def test_a_run_that_begins_and_ends_moves_nothing_on_the_page(page, server):
    page.goto(server)
    finished(page)
    before = page.locator(".ribbon").bounding_box()
    assert before["height"] > 0
    page.fill("#prompt", "Cats and dogs " * 100)
    page.click("button.run")
    page.wait_for_selector(".status .working")
    assert page.locator(".ribbon").bounding_box() == before
    finished(page)
    assert page.locator(".ribbon").bounding_box() == before


def test_a_look_that_takes_long_says_what_is_computed_and_can_be_stopped(page, server):
    page.goto(server)
    finished(page)
    held = []

    def hold(route) -> None:
        # Cancellations pass; view requests are held.
        held.append(route.request) if '"look"' in route.request.post_data else route.continue_()

    page.route("**/component_server", hold)
    page.click("#tab-layers")
    page.wait_for_selector(".looking:has-text('Computing the logit lens')")
    with page.expect_request(lambda request: '"halt"' in (request.post_data or "")) as halted:
        page.click(".looking button:has-text('Stop')")
    look_id = halted.value.post_data_json["data"]
    assert look_id in [json.loads(request.post_data_json["data"]).get("id") for request in held]
    page.wait_for_selector(".looking:has-text('Stopped: the logit lens')")
    page.unroute("**/component_server")
    page.click(".looking button:has-text('Compute it')")
    page.wait_for_selector("#panel-layers .lens-place canvas")
    page.wait_for_selector(".looking", state="hidden")
    assert page.locator("#panel-layers .notice:visible").count() == 0
