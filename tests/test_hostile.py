"""Prompts stay text and are never executed; bad requests are refused in a sentence and leave the page as it was."""

import pytest

from tests.browser import ask, finished, settled, tabs, tokens, watched

SHOWN = [
    "<script>window.attacked=1</script>",
    "<img src=x onerror=window.attacked=1>",
    "${window.attacked=1}",
    "{{value}} {{constructor.constructor('window.attacked=1')()}}",
    "مرحبا بالعالم",
    "e\u0301\u0301\u0301 Z\u0351\u036b\u0343algo",
    "👩‍🚀👨‍👩‍👧‍👦",
    "a\x00b",
    "<|im_start|><|im_end|>",
    "<s></s><br>&lt;",
]

REFUSED = [
    ("", "The prompt is empty"),
    (" ", "The prompt is blank"),
    ("word " * 20_000, "tokens; the limit here is"),
]


STAGES = ("tokenize", "embed", "prefill", "decode", "branches")


@pytest.fixture(scope="module")
def walk(profile, server):
    """One page for all texts: each is typed where the one before it stood. Short answers: the text is the prompt's."""
    with watched(profile) as tab:
        tab.goto(f"{server}?p=Hi&n=4")
        finished(tab)
        yield tab


@pytest.mark.parametrize("prompt", [*SHOWN, " ".join(SHOWN)])
def test_hostile_text_is_shown_and_never_runs(walk, prompt):
    ask(walk, prompt)
    together = prompt not in SHOWN
    for stage in tabs(walk):
        if together or stage in STAGES:
            settled(walk, stage)
    assert walk.evaluate("window.attacked ?? null") is None
    assert walk.locator("#tbt img, #tbt script").count() == 0
    walk.click("#tab-text")
    assert walk.locator(".panel-text .quote").first.evaluate("e => e.textContent") == prompt


def refusal(page) -> str:
    """Runs what is typed, and gives the refusal. One that is there already is closed first."""
    if page.is_visible(".refused"):
        page.click(".refused button")
        page.wait_for_selector(".refused", state="detached")
    page.click("button.run")
    return page.wait_for_selector(".refused").inner_text()


@pytest.mark.parametrize(("prompt", "message"), REFUSED)
def test_a_refused_prompt_leaves_the_result_and_what_was_typed(walk, prompt, message):
    before = tokens(walk)
    walk.fill("#prompt", prompt)
    assert message in refusal(walk)
    assert "Traceback" not in walk.inner_text("body")
    assert tokens(walk) == before
    assert walk.input_value("#prompt") == prompt


def test_a_lone_surrogate_is_refused_by_its_place(walk):
    walk.evaluate(
        """() => {
            const prompt = document.querySelector('#prompt');
            prompt.value = 'ab\\ud83d';
            prompt.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    assert "surrogate pair (U+D83D) at character 3" in refusal(walk)


def test_a_link_with_nonsense_is_refused_in_a_sentence(page, server):
    page.goto(server + "?p=Hi&temperature=99&at=nowhere.1.2.3.4")
    page.wait_for_selector(".refused")
    assert "temperature is 99; it must be from 0.01 to 10" in page.inner_text(".refused")
    for query, message in (
        ("temperature=abc", "temperature is 'abc'; it must be from 0.01 to 10 (for greedy"),
        ("forced=a.b", "forced index is 'a'; it must be a whole number"),
    ):
        page.goto(f"{server}?p=Hi&n=2&do_sample=1&{query}")
        page.wait_for_selector(".refused")
        assert message in page.inner_text(".refused")
    page.goto(f"{server}?p=Hi&n=2&do_sample=1&temperature=abc")
    page.wait_for_selector(".refused")
    page.click(".settings summary")
    assert "abc" in page.inner_text(".settings summary")
    page.locator("#set-temperature").fill("1.5")
    page.click("button.run")
    finished(page)
    assert len(tokens(page)) == 2


def test_a_bad_number_in_a_field_is_refused_beside_it_and_an_empty_one_is_as_usual(page, server):
    page.goto(f"{server}?p=Hello+there&n=3&do_sample=1")
    finished(page)
    page.click(".settings summary")
    page.fill("#set-max_new_tokens", "0")
    page.click("button.run")
    page.wait_for_selector(".refused")
    assert "max_new_tokens is 0; it must be a whole number, 1 or more" in page.inner_text(".refused")
    page.fill("#set-max_new_tokens", "2")
    page.fill("#set-seed", "-5")
    page.fill("#set-seed", "")
    page.click("button.run")
    page.wait_for_function("() => document.querySelectorAll('.group-generated .chip').length === 2")
    page.wait_for_selector(".refused", state="hidden")
    assert "seed=" not in page.url
    settled(page, "prefill")
    key = page.locator(".head-steps input[type=number]")
    before = page.inner_text(".head-lead")
    for typed in ("-1", "1.5", "3", ""):
        key.fill(typed)
        key.press("Enter")
        # Two prompt tokens and one of the two generated have been through the model.
        refusal = f"The key position is {typed or 'not a number'}; it must be a whole number from 0 to 2."
        page.wait_for_selector(f".head-steps .refused-line:visible:text-is('{refusal}')")
        assert page.inner_text(".head-lead") == before
        assert page.is_visible(".head-grid")
    key.fill("0")
    key.press("Enter")
    page.wait_for_selector(".head-steps .refused-line", state="hidden")
    assert page.is_visible(".head-grid")
