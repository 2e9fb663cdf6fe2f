"""The page as a visitor sees it: a finished walk, by keyboard, on a phone, in dark mode, in two tabs."""

import json
import re

import pytest

from model.request.recipe import Recipe
from tests.browser import ask, finished, settled, tokens

pytestmark = pytest.mark.browser

STAGES = ("text", "tokenize", "embed", "prefill", "layers", "decode", "select", "detokenize")
EXAMPLE = Recipe("The Eiffel Tower is in the city of", max_new_tokens=28)


def answer(engine, recipe: Recipe):
    return list(engine.run(recipe))[-1]


def stage(page) -> str:
    return page.get_attribute("[role=tab][aria-selected=true]", "data-stage")


def test_the_first_visit_shows_a_finished_walk_without_a_click(page, server, engine):
    page.goto(server)
    finished(page)
    run = answer(engine, EXAMPLE)
    assert tokens(page, "prompt") == list(run.tokens.ids)
    assert tokens(page) == [step.token.id for step in run.steps]
    assert run.text.strip().split("\n")[0] in page.inner_text(".panel-text .answer")
    # The layers' time is part of the prefill's.
    for name in set(STAGES) - {"text", "layers"}:
        assert re.search(r"\d", page.inner_text(f"#tab-{name} .time")), name


def test_the_probabilities_on_the_screen_are_the_engines(page, server, engine):
    page.goto(server)
    finished(page)
    page.click("#tab-decode")
    page.wait_for_selector(".bars tbody tr >> nth=10")
    step = answer(engine, EXAMPLE).steps[0]
    rows = page.locator(".bars tbody tr").all_inner_texts()
    assert len(rows) == 11
    for place, row in enumerate(rows[:10]):
        assert str(step.candidates.token_ids[place]) in row
        assert row.split()[-2] == f"{100 * step.candidates.probability[place]:.2g}" or row.split()[-2] == (
            f"{100 * step.candidates.probability[place]:.1f}"
        )
    assert f"{step.entropy:.3g}" in page.inner_text(".panel-decode .facts")


def test_the_whole_walk_goes_by_keyboard_alone(page, server):
    page.goto(server)
    finished(page)
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    seen = [stage(page)]
    for _ in range(80):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(20)
        seen.append(stage(page))
        if seen[-1] == "detokenize":
            break
    order = [name for place, name in enumerate(seen) if place == 0 or seen[place - 1] != name]
    assert order[:4] == ["text", "tokenize", "embed", "prefill"] or order[:5] == [*order[:4], "layers"]
    assert order.count("decode") == order.count("select") == EXAMPLE.max_new_tokens
    assert order[-1] == "detokenize"
    for _ in range(len(seen) - 1):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('[aria-selected=true]').dataset.stage === 'text'")


def test_every_stage_opens_and_says_what_happens(page, server):
    page.goto(server)
    finished(page)
    for tab in page.locator("[role=tab]").all():
        name = tab.get_attribute("data-stage")
        settled(page, name)
        page.wait_for_function(f"() => document.querySelector('#panel-{name}').innerText.length > 80")
        assert re.search(r"\d", page.inner_text(".sentence")), name
        assert "could not" not in page.inner_text(f"#panel-{name}"), name


def test_another_prompt_gives_the_engines_tokens(page, server, engine):
    page.goto(server)
    finished(page)
    ask(page, "Two plus two is")
    run = answer(engine, Recipe("Two plus two is", max_new_tokens=EXAMPLE.max_new_tokens))
    assert tokens(page) == [step.token.id for step in run.steps]


def test_step_by_step_gives_the_same_tokens_as_a_whole_run(page, server, engine):
    page.goto(server)
    finished(page)
    page.fill("#prompt", "Cats like")
    page.click("text=Step by step")
    page.wait_for_selector("text=nothing generated yet")
    for _ in range(12):
        page.click("button[aria-label=Next]")
        page.wait_for_timeout(500)
        page.wait_for_function("() => !document.querySelector('.status .working')")
    assert 3 <= len(tokens(page)) < EXAMPLE.max_new_tokens
    run = answer(engine, Recipe("Cats like", max_new_tokens=EXAMPLE.max_new_tokens))
    assert tokens(page) == [step.token.id for step in run.steps[: len(tokens(page))]]


def test_a_run_that_was_taken_further_is_shown_as_far_as_it_was_asked_for(page, server, engine):
    page.goto(server)
    finished(page)
    run = answer(engine, Recipe(EXAMPLE.prompt, max_new_tokens=6))
    last = len(run.tokens) + 4
    page.goto(f"{server}?p={EXAMPLE.prompt.replace(' ', '+')}&n=6&at=layers.5.{last}.0.0")
    finished(page)
    assert tokens(page) == [step.token.id for step in run.steps]
    page.wait_for_selector(".panel-layers .check")
    settled(page, "layers")
    assert page.locator(".panel-layers .notice:visible").count() == 0
    settled(page, "cache")
    assert page.inner_text(".panel-cache .facts .fact strong") == str(last + 1)
    page.click("text=Step by step")
    page.wait_for_selector("text=nothing generated yet")


def test_pause_keeps_what_was_decoded_and_next_goes_on_with_the_same_tokens(page, server, engine):
    recipe = Recipe("1, 2, 3, 4, 5, 6, 7,", max_new_tokens=200)
    page.goto(server)
    finished(page)
    page.click(".settings summary")
    page.fill("#set-max_new_tokens", "200")
    page.fill("#prompt", recipe.prompt)
    page.click("button.run")
    page.wait_for_selector(".status button:has-text('Pause')")
    page.wait_for_function("() => document.querySelector('#tbt').dataset.prompt.startsWith('1, 2')")
    page.wait_for_function("() => document.querySelectorAll('.group-generated .chip').length > 3")
    # Play follows a run in progress: it does not skip to the end of the walk.
    page.click("button[aria-label=Play]")
    page.wait_for_timeout(1500)
    assert stage(page) == "decode"
    page.click(".player button[aria-label=Pause]")
    assert page.is_visible(".group-generated .chip.current >> nth=-1")
    page.click(".status button:has-text('Pause')")
    page.wait_for_function("() => !document.querySelector('.status .working')")
    shown = len(tokens(page))
    page.wait_for_timeout(1000)
    assert len(tokens(page)) == shown < 200
    page.click(".along .column >> nth=-1")
    page.click("button[aria-label=Next]")
    page.click("button[aria-label=Next]")
    page.wait_for_function(f"() => document.querySelectorAll('.group-generated .chip').length > {shown}")
    found = tokens(page)
    run = list(engine.run(recipe, len(found)))[-1]
    assert found == [step.token.id for step in run.steps]


def test_a_double_click_on_run_gives_one_whole_run(page, server, engine):
    page.goto(server)
    finished(page)
    page.fill("#prompt", "Dogs like")
    page.dblclick("button.run")
    page.wait_for_function("() => document.querySelector('#tbt').dataset.prompt === 'Dogs like'")
    finished(page)
    run = answer(engine, Recipe("Dogs like", max_new_tokens=EXAMPLE.max_new_tokens))
    assert tokens(page) == [step.token.id for step in run.steps]


def test_a_reload_in_mid_run_brings_the_last_finished_run_back(page, server):
    page.goto(server)
    finished(page)
    page.wait_for_url("**?p=*")
    before = tokens(page)
    page.fill("#prompt", "Tell me everything about the sea.")
    page.click("button.run")
    page.wait_for_timeout(300)
    page.reload()
    finished(page)
    assert tokens(page) == before


def test_two_tabs_do_not_disturb_each_other(page, server, chromium, engine):
    other = chromium.new_context().new_page()
    for tab, prompt in ((page, "The sun is"), (other, "The moon is")):
        tab.goto(server)
        finished(tab)
        tab.fill("#prompt", prompt)
    page.click("button.run")
    other.click("button.run")
    for tab, prompt in ((page, "The sun is"), (other, "The moon is")):
        tab.wait_for_function(f"() => document.querySelector('#tbt').dataset.prompt === '{prompt}'")
        finished(tab)
        run = answer(engine, Recipe(prompt, max_new_tokens=EXAMPLE.max_new_tokens))
        assert tokens(tab) == [step.token.id for step in run.steps]
    other.context.close()


def test_a_link_brings_back_the_run_and_the_place(page, server, chromium):
    page.goto(server)
    finished(page)
    page.click(".settings summary")
    page.check("label.radio:has-text('Sample') input")
    page.fill("#set-temperature", "1.4")
    page.fill("#set-seed", "5")
    ask(page, "Hello & <b> 🚀 = ?")
    page.click("#tab-select")
    page.wait_for_url("**at=select*")
    other = chromium.new_context().new_page()
    other.goto(page.url)
    finished(other)
    other.wait_for_selector("#tab-select[aria-selected=true]")
    assert tokens(other) == tokens(page)
    assert other.inner_text(".sentence") == page.inner_text(".sentence")
    other.context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_stage_is_wider_than_the_screen(page, server, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(server)
    finished(page)
    for tab in page.locator("[role=tab]").all():
        settled(page, tab.get_attribute("data-stage"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab.get_attribute("data-stage")


def test_an_attention_map_that_is_refused_says_why(page, server):
    def refuse(route):
        if "attention_tile" in route.request.post_data:
            route.fulfill(json=json.dumps({"error": "This map is refused."}))
        else:
            route.continue_()

    page.route("**/component_server", refuse)
    page.goto(server)
    finished(page)
    page.click("#tab-prefill")
    page.wait_for_selector("#panel-prefill .notice >> text=This map is refused.")


def test_a_mistake_of_the_page_is_not_told_in_its_own_words(page, server):
    page.goto(server)
    finished(page)
    told = page.evaluate(
        """async () => {
            const sheet = document.querySelector('link[href*="/css/base/page.css"]').href;
            const { explain } = await import(sheet.replace('css/base/page.css', 'js/core/errors.js'));
            console.error = () => {};
            const wrong = () => undefined.partial;
            try { wrong(); } catch (error) { return [explain(error), explain(new Error('layer is 99'))]; }
        }"""
    )
    assert "undefined" not in told[0]
    assert "Reload" in told[0]
    assert told[1] == "layer is 99"


def test_dark_is_dark_and_the_switch_is_remembered(page, server):
    page.goto(server + "?__theme=dark")
    finished(page)

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.querySelector('#tbt')).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    assert brightness() < 200
    page.click("button[aria-label='Light or dark']")
    page.wait_for_timeout(100)
    assert brightness() > 600
    page.goto(server)
    finished(page)
    assert brightness() > 600


def test_a_token_that_was_not_offered_is_compared_by_its_text(page, server, engine):
    recipe = Recipe("The capital of France is", max_new_tokens=2)
    page.goto(f"{server}?p={recipe.prompt.replace(' ', '+')}&n=2&at=layers.0.4.0.0")
    finished(page)
    field = page.locator(".layers-ask input")
    field.fill(" zebra in the")
    field.press("Enter")
    page.wait_for_selector(".panel-layers h2:has-text('rather than')")
    zebra = engine.tokens.encode(recipe, " zebra in the")
    list(engine.run(recipe))
    found = engine.layers.attribution(recipe, 4, None, zebra[0].id)
    assert zebra[0].id not in [token.id for token in found.candidates]
    total = page.locator(".shares-sum .term strong").last.inner_text().replace(",", "")
    assert float(total) == pytest.approx(found.total, rel=1e-4)
    card = page.locator(".panel-layers .card:has(.layers-ask)")
    assert f"{len(zebra)} tokens, “{zebra[0].text.replace(' ', '·')}”" in card.inner_text()
    assert field.input_value() == ""
    field.fill(" Paris")
    field.press("Enter")
    page.wait_for_selector(":text('is the token itself')")
    assert page.locator(".panel-layers h2:has-text('rather than')").count() == 0
