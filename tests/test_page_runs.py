"""Runs on the page: another prompt, step by step, paused, interrupted, in two tabs, from a link."""

from model.request.recipe import Recipe
from tests.browser import ask, finished, settled, tokens, visitor
from tests.runs import EXAMPLE, answer, made


def stage(page) -> str:
    return page.get_attribute("[role=tab][aria-selected=true]", "data-stage")


def test_another_prompt_gives_the_engines_tokens(page, server, engine):
    page.goto(server)
    finished(page)
    ask(page, "Two plus two is")
    run = answer(engine, Recipe("Two plus two is", max_new_tokens=EXAMPLE.max_new_tokens))
    assert tokens(page) == made(run)


def test_step_by_step_gives_the_same_tokens_as_a_whole_run(page, server, engine):
    page.goto(server)
    finished(page)
    page.fill("#prompt", "Cats like")
    page.click("text=Step by step")
    page.wait_for_selector("text=nothing generated yet")
    for _ in range(12):
        place = page.inner_text(".player .place")
        page.click("button[aria-label=Next]")
        page.wait_for_function("place => document.querySelector('.player .place').innerText !== place", arg=place)
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
    assert tokens(page) == made(run)
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
    # Play goes with a run that is under way: it does not run ahead to the end of the walk.
    page.click("button[aria-label=Play]")
    page.wait_for_timeout(1500)
    assert stage(page) == "decode"
    page.click(".player button[aria-label=Pause]")
    # The strip is drawn anew with each token, so it is asked until it has one current token, and not the first ones.
    page.wait_for_function(
        """() => {
          const chips = [...document.querySelectorAll('.group-generated .chip')];
          return chips.filter((chip) => chip.matches('.current')).length === 1 &&
            chips.findIndex((chip) => chip.matches('.current')) > 3;
        }"""
    )
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
    assert found == made(run)


def test_a_double_click_on_run_gives_one_whole_run(page, server, engine):
    page.goto(server)
    finished(page)
    page.fill("#prompt", "Dogs like")
    page.dblclick("button.run")
    page.wait_for_function("() => document.querySelector('#tbt').dataset.prompt === 'Dogs like'")
    finished(page)
    run = answer(engine, Recipe("Dogs like", max_new_tokens=EXAMPLE.max_new_tokens))
    assert tokens(page) == made(run)


def test_a_reload_in_mid_run_brings_the_last_finished_run_back(page, server):
    page.goto(server)
    finished(page)
    page.wait_for_url("**?p=*")
    before = tokens(page)
    page.fill("#prompt", "Tell me everything about the sea.")
    page.click("button.run")
    page.wait_for_function(
        "() => document.querySelector('#tbt').dataset.prompt.startsWith('Tell me')"
        " && document.querySelector('.status .working')"
    )
    page.reload()
    finished(page)
    assert tokens(page) == before


def test_two_tabs_do_not_disturb_each_other(page, server, chromium, engine):
    with visitor(chromium) as other:
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
            assert tokens(tab) == made(run)


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
    with visitor(chromium) as other:
        other.goto(page.url)
        finished(other)
        other.wait_for_selector("#tab-select[aria-selected=true]")
        assert tokens(other) == tokens(page)
        assert other.inner_text(".sentence") == page.inner_text(".sentence")
