"""Runs on the page: whatever is pressed and whenever, what is shown is what one whole run of the engine gives."""

import pytest

from model.recipe import Recipe
from tests.browser import answered, ask, finished, tokens

pytestmark = pytest.mark.browser

N_CHIPS = "n => document.querySelectorAll('.group-generated .chip').length > n"


def ids(engine, recipe: Recipe, n: int | None = None) -> list[int]:
    """The generated tokens of a run of this recipe in one piece."""
    return [step.token.id for step in list(engine.run(recipe, n))[-1].steps]


@pytest.fixture
def walk(page, server):
    """The page with its first run complete."""
    page.goto(server)
    finished(page)
    return page


def test_another_prompt_gives_the_engines_tokens(walk, engine):
    ask(walk, "Two plus two is")
    assert tokens(walk) == ids(engine, Recipe("Two plus two is", max_new_tokens=24))


def test_step_by_step_gives_the_same_tokens_as_a_whole_run(walk, engine):
    walk.fill("#prompt", "Cats like")
    walk.click("text=Step by step")
    walk.wait_for_selector("text=nothing generated yet")
    for n in range(5):
        # From the prefill over layers to the first token; then one press is one token.
        while len(tokens(walk)) == n:
            walk.click("button[aria-label=Next]")
            walk.wait_for_timeout(100)
        walk.wait_for_url("**?p=Cats*")
    found = tokens(walk)
    assert 5 <= len(found) < 24
    assert found == ids(engine, Recipe("Cats like", max_new_tokens=24))[: len(found)]


def test_pause_keeps_what_was_decoded_and_next_goes_on_with_the_same_tokens(walk, engine):
    recipe = Recipe("1, 2, 3, 4, 5, 6, 7,", max_new_tokens=200)
    walk.click(".settings summary")
    walk.fill("#set-max_new_tokens", "200")
    walk.fill("#prompt", recipe.prompt)
    walk.click("button.run")
    walk.wait_for_function("() => document.querySelector('#tbt').dataset.prompt.startsWith('1, 2')")
    walk.wait_for_function(N_CHIPS, arg=3)
    walk.click(".status button:has-text('Pause')")
    # What was on its way may still come, then nothing more.
    walk.wait_for_timeout(700)
    shown = len(tokens(walk))
    walk.wait_for_timeout(1000)
    assert len(tokens(walk)) == shown < 200
    walk.click(".along .column >> nth=-1")
    walk.click("button[aria-label=Next]")
    walk.click("button[aria-label=Next]")
    walk.wait_for_function(N_CHIPS, arg=shown)
    found = tokens(walk)
    assert found == ids(engine, recipe, len(found))


def test_a_double_click_on_run_gives_one_whole_run(walk, engine):
    walk.fill("#prompt", "Dogs like")
    walk.dblclick("button.run")
    answered(walk, "Dogs like")
    assert tokens(walk) == ids(engine, Recipe("Dogs like", max_new_tokens=24))


def test_a_run_that_is_overtaken_leaves_no_token_behind(walk, engine):
    walk.fill("#prompt", "Tell me a long story about a ship.")
    walk.click("button.run")
    walk.fill("#prompt", "Red, green and")
    walk.click("button.run")
    answered(walk, "Red, green and")
    walk.wait_for_timeout(1000)
    assert tokens(walk) == ids(engine, Recipe("Red, green and", max_new_tokens=24))


def test_a_reload_in_mid_run_brings_the_last_finished_run_back(walk):
    walk.wait_for_url("**?p=*")
    before = tokens(walk)
    walk.click(".settings summary")
    walk.fill("#set-max_new_tokens", "200")
    walk.fill("#prompt", "Tell me everything about the sea.")
    walk.click("button.run")
    walk.wait_for_function("() => document.querySelector('#tbt').dataset.prompt.startsWith('Tell me')")
    walk.wait_for_function(N_CHIPS, arg=3)
    walk.reload()
    finished(walk)
    assert tokens(walk) == before


def test_two_tabs_do_not_disturb_each_other(walk, new_page, server, engine):
    other = new_page()
    other.goto(server)
    finished(other)
    pairs = ((walk, "The sun is"), (other, "The moon is"))
    for tab, prompt in pairs:
        tab.fill("#prompt", prompt)
    for tab, _ in pairs:
        tab.click("button.run")
    for tab, prompt in pairs:
        answered(tab, prompt)
        assert tokens(tab) == ids(engine, Recipe(prompt, max_new_tokens=24))


def test_a_link_brings_back_the_run_and_the_place(walk, new_page):
    walk.click(".settings summary")
    walk.check("label.radio:has-text('Sample') input")
    walk.fill("#set-temperature", "1.4")
    walk.fill("#set-seed", "5")
    ask(walk, "Hello & <b> 🚀 = ?")
    walk.click("#tab-select")
    walk.wait_for_url("**at=select*")
    other = new_page()
    other.goto(walk.url)
    finished(other)
    other.wait_for_selector("#tab-select[aria-selected=true]")
    assert tokens(other) == tokens(walk)
    assert other.inner_text(".sentence") == walk.inner_text(".sentence")
