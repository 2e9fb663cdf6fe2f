"""The page as a visitor meets it: a finished walk, by keyboard, on a phone, in the dark."""

import json
import re

import pytest

from model.request.recipe import Recipe
from tests.browser import STAGES, finished, scripts, settled, tabs, tokens
from tests.runs import EXAMPLE, answer, made


def stage(page) -> str:
    return page.get_attribute("[role=tab][aria-selected=true]", "data-stage")


def test_the_first_visit_shows_a_finished_walk_without_a_click(page, server, engine):
    page.goto(server)
    finished(page)
    run = answer(engine, EXAMPLE)
    assert tokens(page, "prompt") == list(run.tokens.ids)
    assert tokens(page) == made(run)
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
    rows = page.locator(".bars tbody tr")
    assert rows.count() == 11
    for place in range(10):
        share = step.candidates.probability[place]
        percent = f"{100 * share:.1f}" if share >= 0.01 else f"{100 * share:.2g}"
        assert rows.nth(place).locator("td").first.inner_text() == str(step.candidates.token_ids[place])
        assert rows.nth(place).locator(".value").inner_text() == f"{percent} %"
    entropy = page.locator(".panel-decode .facts .fact", has_text="entropy").locator("strong")
    assert entropy.inner_text() == f"{step.entropy:.3g}"


def test_the_whole_walk_goes_by_keyboard_alone(page, server):
    page.goto(server)
    finished(page)
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    way = [*STAGES[:5], *["decode", "select"] * EXAMPLE.max_new_tokens, "detokenize"]
    seen = [stage(page)]
    for _ in way[1:]:
        page.keyboard.press("ArrowRight")
        seen.append(stage(page))
    assert seen == way
    for _ in way[1:]:
        page.keyboard.press("ArrowLeft")
        seen.append(stage(page))
    assert seen == [*way, *way[-2::-1]]


def test_every_stage_opens_and_says_what_happens(page, server):
    page.goto(server)
    finished(page)
    for name in tabs(page):
        settled(page, name)
        page.wait_for_function(f"() => document.querySelector('#panel-{name}').innerText.length > 80")
        assert re.search(r"\d", page.inner_text(".sentence")), name
        assert "could not" not in page.inner_text(f"#panel-{name}"), name


@pytest.mark.parametrize("width", [390, 1440])
def test_no_stage_is_wider_than_the_screen(page, server, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(server)
    finished(page)
    for name in tabs(page):
        settled(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


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
    told = page.evaluate(
        """async (errors) => {
            const { explain } = await import(errors);
            console.error = () => {};
            const wrong = () => undefined.partial;
            try { wrong(); } catch (error) { return [explain(error), explain(new Error('layer is 99'))]; }
        }""",
        f"{scripts(page, server)}core/errors.js",
    )
    assert "undefined" not in told[0]
    assert "Reload" in told[0]
    assert told[1] == "layer is 99"


def test_dark_is_dark_and_the_switch_is_remembered(page, server):
    page.emulate_media(color_scheme="dark")
    page.goto(server)
    finished(page)

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.querySelector('#tbt')).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    assert brightness() < 200
    page.click("button[aria-label='Light or dark']")
    page.wait_for_selector("body:not(.dark)")
    assert brightness() > 600
    # This machine asks for dark, so what is light now was remembered.
    page.goto(server)
    finished(page)
    assert brightness() > 600
    page.goto(f"{server}?__theme=dark")
    finished(page)
    assert brightness() < 200


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
