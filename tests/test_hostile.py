"""What a prompt says stays text; what cannot be done is refused in a sentence, and what was there stays."""

import pytest

from tests.browser import ask, finished, settled, tokens

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("prompt", [*SHOWN, " ".join(SHOWN)])
def test_hostile_text_is_shown_and_never_runs(page, server, prompt):
    page.goto(server)
    finished(page)
    ask(page, prompt)
    together = prompt not in SHOWN
    for stage in page.eval_on_selector_all("[role=tab]", "tabs => tabs.map(tab => tab.dataset.stage)"):
        if together or stage in STAGES:
            settled(page, stage)
    assert page.evaluate("window.attacked ?? null") is None
    assert page.locator("#tbt img, #tbt script").count() == 0
    page.click("#tab-text")
    assert page.locator(".panel-text .quote").first.evaluate("e => e.textContent") == prompt


@pytest.mark.parametrize(("prompt", "message"), REFUSED)
def test_a_refused_prompt_leaves_the_result_and_what_was_typed(page, server, prompt, message):
    page.goto(server)
    finished(page)
    before = tokens(page)
    page.fill("#prompt", prompt)
    page.click("button.run")
    page.wait_for_selector(".refused")
    assert message in page.inner_text(".refused")
    assert "Traceback" not in page.inner_text("body")
    assert tokens(page) == before
    assert page.input_value("#prompt") == prompt


def test_a_lone_surrogate_is_refused_by_its_place(page, server):
    page.goto(server)
    finished(page)
    page.evaluate(
        """() => {
            const prompt = document.querySelector('#prompt');
            prompt.value = 'ab\\ud83d';
            prompt.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    page.click("button.run")
    page.wait_for_selector(".refused")
    assert "surrogate pair (U+D83D) at character 3" in page.inner_text(".refused")


def test_a_link_with_nonsense_is_refused_in_a_sentence(page, server):
    page.goto(server + "?p=Hi&temperature=99&at=nowhere.1.2.3.4")
    page.wait_for_selector(".refused")
    assert "temperature is 99; it must be from 0.01 to 10" in page.inner_text(".refused")
