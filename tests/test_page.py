"""The page as a visitor meets it: a finished walk, the engine's own numbers, by keyboard, on a phone, in the dark."""

import re
from decimal import Decimal

import pytest

from model.recipe import Recipe
from tests.browser import finished, opened, stage, tabs, tokens

pytestmark = pytest.mark.browser

EXAMPLE = Recipe("The capital of France is", max_new_tokens=24)
ONCE = ["text", "tokenize", "embed", "prefill", "layers"]
LAST = "detokenize"


@pytest.fixture(scope="session")
def example(engine):
    """The run of the first visit, computed here."""
    return list(engine.run(EXAMPLE))[-1]


@pytest.fixture
def walk(page, server):
    """The page with its first run complete."""
    page.goto(server)
    finished(page)
    return page


def agrees(shown: str, value: float) -> bool:
    """Whether a number on the screen is this value, to the digits that are shown."""
    if shown.startswith("<"):
        return value < float(shown[1:])
    digits = Decimal(shown.replace(",", ""))
    return abs(value - float(digits)) <= 0.501 * 10.0 ** digits.as_tuple().exponent


def test_the_first_visit_shows_a_finished_walk_without_a_click(walk, example):
    assert tokens(walk, "prompt") == list(example.tokens.ids)
    assert tokens(walk) == [step.token.id for step in example.steps]
    assert walk.locator(".panel-text .answer mark").evaluate("e => e.textContent") == example.text
    assert walk.input_value("#prompt") == EXAMPLE.prompt
    for name in tabs(walk):
        if name not in ("text", "layers"):
            assert re.search(r"\d.* m?s$", walk.inner_text(f"#tab-{name} .time")), name


@pytest.mark.parametrize("index", [0, 3])
def test_the_numbers_of_a_step_are_the_engines(walk, example, index):
    step, candidates = example.steps[index], example.steps[index].candidates
    walk.click("#tab-decode")
    walk.click(f".along .column >> nth={index}")
    rows = walk.locator(".bars tbody tr").evaluate_all("rows => rows.map(row => [...row.cells].map(c => c.innerText))")
    assert [int(row[1]) for row in rows[:10]] == candidates.token_ids[:10].tolist()
    for place, (_, _, logit, share) in enumerate(rows[:10]):
        assert agrees(logit, float(candidates.logits[place]))
        assert agrees(share.removesuffix(" %"), 100 * float(candidates.probability[place]))
    shown = [share.removesuffix(" %") for *_, share in rows]
    assert agrees(shown[-1], 100 * (1 - float(candidates.probability[: len(rows) - 1].sum())))
    facts = walk.locator(".panel-decode .facts dd strong").all_inner_texts()
    assert agrees(facts[1], step.entropy)
    assert agrees(facts[2], step.surprisal)
    assert int(facts[3]) == step.rank
    said = re.search(r"with ([\d.]+) %; the entropy is ([\d.]+) bits", walk.inner_text(".sentence"))
    assert agrees(said[1], 100 * float(candidates.probability[0]))
    assert agrees(said[2], step.entropy)


def test_the_whole_walk_and_back_goes_by_keyboard_alone(walk, example):
    n = len(example.steps)
    stops = [*ONCE, *["decode", "select"] * n, LAST]
    chosen = [example.tokens.tokens[-1].position + index + 1 for index in range(n)]
    seen, selected = [stage(walk)], []
    for _ in range(len(stops) - 1):
        walk.keyboard.press("ArrowRight")
        seen.append(stage(walk))
        if seen[-1] == "select":
            selected.append(int(walk.get_attribute(".strip .chip.selected", "data-position")))
    assert seen == stops
    assert selected == chosen
    walk.keyboard.press("ArrowRight")
    assert stage(walk) == LAST
    back = [stage(walk)]
    for _ in range(len(stops) - 1):
        walk.keyboard.press("ArrowLeft")
        back.append(stage(walk))
    assert back == stops[::-1]
    assert walk.inner_text(".player .place") == f"1 / {len(stops)}"


def test_a_prompt_is_typed_and_run_by_keyboard_alone(walk, engine):
    for _ in range(40):
        walk.keyboard.press("Tab")
        if walk.evaluate("document.activeElement.id") == "prompt":
            break
    walk.keyboard.press("Control+a")
    walk.keyboard.type("Seven plus one is")
    walk.keyboard.press("Control+Enter")
    walk.wait_for_function("() => document.querySelector('#tbt').dataset.prompt === 'Seven plus one is'")
    finished(walk)
    run = list(engine.run(Recipe("Seven plus one is", max_new_tokens=24)))[-1]
    assert tokens(walk) == [step.token.id for step in run.steps]


@pytest.mark.parametrize("width", [390, 1440])
def test_every_stage_opens_says_what_happens_and_fits_the_screen(walk, width):
    walk.set_viewport_size({"width": width, "height": 900})
    assert tabs(walk) == [*ONCE, "decode", "select", LAST]
    for name in tabs(walk):
        text = opened(walk, name)
        assert len(text) > 80, name
        assert re.search(r"\d", walk.inner_text(".sentence")), name
        assert "could not" not in text, name
        assert walk.evaluate("document.documentElement.scrollWidth") <= width, name


def test_dark_is_dark_and_the_switch_is_remembered(page, server):
    page.goto(server + "?__theme=dark")
    finished(page)

    def brightness(part: str) -> int:
        return page.evaluate(
            """([part]) => getComputedStyle(document.querySelector('#tbt'))[part]
                .match(/\\d+/g).slice(0, 3).reduce((sum, n) => sum + Number(n), 0)""",
            [part],
        )

    assert brightness("backgroundColor") < 200 < 500 < brightness("color")
    page.click("button[aria-label='Light or dark']")
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('#tbt')).backgroundColor.match(/\\d+/)[0] > 200"
    )
    assert brightness("color") < 200 < 600 < brightness("backgroundColor")
    page.goto(server)
    finished(page)
    assert brightness("backgroundColor") > 600
