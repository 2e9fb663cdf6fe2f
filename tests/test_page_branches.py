"""Choosing other tokens on the page: each choice is a branch, and the way back is always there."""

import psutil

from model.recipe import Recipe
from tests.browser import ask, finished, settled, tokens

PROMPT = "The capital of France is"


def chosen(page, place: int) -> None:
    """Clicks a candidate of the first generated token and waits for its run."""
    before = tokens(page)
    page.click("#tab-decode")
    page.locator(".group-generated .chip").first.click()
    settled(page, "decode")
    # The greedy choice, the first, is selected already and has no button.
    page.locator(".bars tbody tr button").nth(place - 1).click()
    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('.group-generated .chip')]"
        ".map(c => +c.ariaLabel.split('id ').at(-1))) !== before",
        arg=str(before).replace(" ", ""),
    )
    finished(page)


def test_a_clicked_candidate_becomes_a_branch_and_back_undoes_it(page, server, engine):
    page.goto(server)
    finished(page)
    ask(page, PROMPT)
    plain = tokens(page)
    chosen(page, 2)
    run = list(engine.run(Recipe(PROMPT, max_new_tokens=1)))[-1]
    third = int(run.steps[0].candidates.token_ids[2])
    forced = list(engine.run(Recipe(PROMPT, forced=((0, third),), max_new_tokens=24)))[-1]
    found = tokens(page)
    assert found == [step.token.id for step in forced.steps][: len(found)]
    marked = page.locator(".strip .chip.forced")
    assert marked.count() == 1
    assert marked.get_attribute("aria-label").startswith("forced token")
    assert page.inner_text(".under .release") == "1 token forced · release"
    page.check("#chat")
    page.wait_for_selector(".under .release", state="hidden")
    page.uncheck("#chat")
    settled(page, "branches")
    page.wait_for_selector(".panel-branches .leaf >> nth=1")
    assert page.locator(".panel-branches .leaf").count() == 2
    page.locator(".panel-branches .leaf button", has_text="Open").first.click()
    page.wait_for_function("() => !location.search.includes('forced')")
    finished(page)
    assert tokens(page) == plain
    page.go_back()
    page.wait_for_function("() => location.search.includes('forced')")
    page.wait_for_function(f"() => document.querySelector('.group-generated .chip').ariaLabel.endsWith(' {third}')")
    page.click(".under .release")
    page.wait_for_function("() => !document.querySelector('.strip .chip.forced')")
    finished(page)
    assert tokens(page) == plain


def test_leaving_the_page_stops_the_work(page, server):
    page.goto(server)
    finished(page)
    port = server.rstrip("/").rsplit(":", 1)[1]
    process = next(p for p in psutil.process_iter(["cmdline"]) if ["--port", port] == (p.info["cmdline"] or [])[-2:])

    def spent() -> float:
        times = process.cpu_times()
        return times.user + times.system

    page.click(".settings summary")
    page.fill("#set-max_new_tokens", "250")
    page.fill("#prompt", "Count on: 1, 2, 3, 4, 5, 6,")
    page.click("button.run")
    generated = "document.querySelectorAll('.group-generated .chip').length"
    page.wait_for_function("() => document.querySelector('#tbt').dataset.prompt.startsWith('Count on')")
    page.wait_for_function(f"() => {generated} > 4")
    first, start = page.evaluate(generated), spent()
    page.wait_for_function(f"() => {generated} > {first + 10}")
    left, leaving = page.evaluate(generated), spent()
    cost = (250 - left) * (leaving - start) / (left - first)
    page.goto("about:blank")
    before, after = leaving, spent()
    # A run under way takes most of a core; a server at rest answers a heartbeat now and then.
    while after - before > 0.1:
        page.wait_for_timeout(500)
        before, after = after, spent()
    assert after - leaving < cost / 4
