"""Choosing other tokens on the page: each choice is a branch, and it can always be undone."""

from decimal import Decimal

import psutil

from model.request.recipe import Recipe
from tests.browser import ask, finished, scripts, settled, tokens, visitor

PROMPT = "The capital of France is"


def chosen(page, place: int) -> None:
    """Clicks a candidate of the first generated token and waits for its run."""
    before = tokens(page)
    page.click("#tab-decode")
    page.locator(".group-generated .chip").first.click()
    settled(page, "decode")
    # The first candidate is the greedy choice, which is selected already and has no button.
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
    forced = list(engine.run(Recipe(PROMPT, forced=((0, third),), max_new_tokens=len(plain))))[-1]
    assert tokens(page) == [step.token.id for step in forced.steps]
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


def leaves(page) -> list[str]:
    """The branches of the tree on the panel, each with its name."""
    settled(page, "branches")
    found = page.locator(".panel-branches .leaf")
    return [leaf.inner_text().split("\n")[0] + leaf.locator("input.branch-name").input_value() for leaf in found.all()]


def test_beams_and_names_outlive_another_prompt_and_a_reload(page, server, chromium, engine):
    recipe = Recipe(PROMPT, max_new_tokens=3)
    best = engine.decode.beams(recipe, 2, 3).beams[0]
    page.goto(f"{server}?p={PROMPT.replace(' ', '+')}&n=3&at=branches.0.4.0.0")
    finished(page)
    settled(page, "branches")
    for field, value in zip(page.locator(".panel-branches .number-row input").all(), ("2", "3"), strict=True):
        field.fill(value)
    page.click(".panel-branches .force-row button")
    page.wait_for_selector(".leaf:has-text('beam 2 of 2')", timeout=60_000)
    page.wait_for_selector(".panel-branches details.check:not(.failed)")
    page.locator(".leaf:has-text('beam 1 of 2') input.branch-name").fill("mine")
    page.keyboard.press("Enter")
    page.locator(".leaf:has-text('beam 1 of 2') button", has_text="Open").click()
    page.wait_for_function("() => location.search.includes('forced')")
    finished(page)
    assert tokens(page) == [token.id for token in best.tokens]
    page.click("#tab-select")
    assert page.inner_text(".sentence").startswith("Beam search chose")
    made = leaves(page)
    assert "beam 1 of 2 · 3 tokens · limit reachedmine" in made
    assert len(made) == 3
    page.check(".surprise input")
    page.wait_for_selector(".surprise:has-text('perplexity of the prompt')")
    ask(page, "Cats like")
    # The box is still on, so the new prompt is scored too, once its run is complete.
    page.wait_for_function("() => +document.querySelectorAll('.group-prompt .chip')[1].dataset.bits > 0")
    assert len(leaves(page)) == 1
    ask(page, PROMPT)
    assert set(leaves(page)) >= {made[0], made[1]}
    page.reload()
    finished(page)
    assert set(leaves(page)) >= {made[0], made[1]}
    with visitor(chromium) as other:
        other.goto(page.url)
        finished(other)
        assert len(leaves(other)) == 1, "another browser has branches of its own"


def test_without_its_last_token_an_answer_ends(page, server):
    page.goto(f"{server}?p={PROMPT.replace(' ', '+')}&n=4&at=decode.3.8.0.0")
    finished(page)
    before = tokens(page)
    page.click("text=Delete this token")
    page.wait_for_selector("text=the answer ends after 3 tokens")
    finished(page)
    assert tokens(page) == before[:3]
    page.wait_for_function("() => location.search.includes('n=3')")
    assert "forced" not in page.url


def test_numbers_as_small_and_as_large_as_they_come(page, server):
    bits = [0, 1, 13.2, 13.4, 20, 332.1, 332.2, 1022.5, 2000, 4000.5]
    found = page.evaluate(
        """async ([js, bits]) => {
            const [{ chance }, { room }, { page, sentences }] = await Promise.all(
                ['maths/format.js', 'maths/stops.js', 'parts/words/page.js'].map((path) => import(js + path)));
            const run = (n) => (
                { tokens: Array(n).fill({ id: 7 }), steps: Array(n), text_in: 'x'.repeat(n), prefill: {} });
            const shape = { n_vocab: 9, n_layers: 2, d_embed: 4, d_model: 4, n_heads: 1 };
            const card = { ...shape, context: 40, limits: { max_new_tokens: 30 } };
            const said = (stage) => sentences[stage]({ run: run(1), card });
            return {
                chances: bits.map(chance),
                rooms: [0, 14, 17, 20].map((n) => room(run(n), card, 20)),
                said: ['tokenize', 'embed', 'prefill'].map(said).join(' '),
                loops: [1, 2, 3].map(page.loop),
            };
        }""",
        [scripts(page, server), bits],
    )
    for value, shown in zip(bits, found["chances"], strict=True):
        exact = Decimal(2) ** -Decimal(value)
        digits = shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        read = Decimal(digits.replace(" × 10", "e")) if "×" in shown else Decimal(shown.removesuffix(" %")) / 100
        assert abs(read / exact - 1) < Decimal("0.05"), (value, shown)
    assert found["rooms"] == [20, 12, 6, 0]
    assert "1 character each" in found["said"]
    assert "This row is" in found["said"]
    assert "took the one position" in found["said"]
    assert found["loops"] == ["", "↺ fed back 1 time", "↺ fed back 2 times"]


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
    # A run in progress uses most of a core; an idle server only answers a heartbeat now and then.
    while after - before > 0.1:
        page.wait_for_timeout(500)
        before, after = after, spent()
    assert after - leaving < cost / 4
