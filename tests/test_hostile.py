"""What a prompt says stays text; what cannot be done is refused in a sentence, and what was there stays."""

import pytest

from tests.browser import ask, finished, opened, tabs, tokens

pytestmark = pytest.mark.browser

SHOWN = {
    "script": "<script>window.attacked=1</script>",
    "image": "<img src=x onerror=window.attacked=1>",
    "template": "${window.attacked=1} {{value}} {{constructor.constructor('window.attacked=1')()}}",
    "right to left": "مرحبا بالعالم",
    "combining": "e\u0301\u0301\u0301 Z\u0351\u036b\u0343algo",
    "emoji": "👩‍🚀👨‍👩‍👧‍👦",
    "nul": "a\x00b",
    "special tokens only": "<|im_start|><|im_end|>",
    "other markup": "<s></s><br>&lt;",
}
# What Gradio would read as a template or markup goes through every stage, the rest through those that show text.
EVERYWHERE = ("script", "template", "emoji")
TEXTUAL = ("text", "tokenize", "prefill", "detokenize")

REFUSED = [
    ("", "The prompt is empty"),
    (" ", "The prompt is blank"),
    (" \n\t ", "The prompt is blank"),
    ("word " * 20_000, "tokens; the limit here is 4,096"),
]


@pytest.fixture
def walk(page, server):
    """The page with its first run complete."""
    page.goto(server)
    finished(page)
    return page


@pytest.mark.parametrize("name", SHOWN)
def test_hostile_text_is_shown_and_never_runs(walk, name):
    ask(walk, SHOWN[name])
    for stage in tabs(walk) if name in EVERYWHERE else TEXTUAL:
        text = opened(walk, stage)
        assert "Traceback" not in text
        assert "could not" not in text
    assert walk.evaluate("window.attacked ?? null") is None
    assert walk.locator("#tbt img, #tbt script").count() == 0
    assert walk.locator(".panel-text .quote").first.evaluate("e => e.textContent") == SHOWN[name]


@pytest.mark.parametrize(("prompt", "message"), REFUSED)
def test_a_refused_prompt_leaves_the_result_and_what_was_typed(walk, prompt, message):
    before = tokens(walk)
    walk.fill("#prompt", prompt)
    walk.click("button.run")
    walk.wait_for_selector(".refused")
    assert message in walk.inner_text(".refused")
    assert "Traceback" not in walk.inner_text("body")
    assert tokens(walk) == before
    assert walk.input_value("#prompt") == prompt


def test_too_many_new_tokens_are_refused_and_a_good_number_then_works(walk):
    before = tokens(walk)
    walk.click(".settings summary")
    walk.fill("#set-max_new_tokens", "100000")
    walk.click("button.run")
    walk.wait_for_selector(".refused")
    assert "max_new_tokens is 100,000; the limit here is 256" in walk.inner_text(".refused")
    assert tokens(walk) == before
    walk.fill("#set-max_new_tokens", "5")
    walk.click("button.run")
    walk.wait_for_function("() => document.querySelectorAll('.group-generated .chip').length === 5")
    assert walk.locator(".refused").count() == 0
    assert tokens(walk) == before[:5]


def test_a_lone_surrogate_is_refused_by_its_place(walk):
    before = tokens(walk)
    walk.evaluate(
        """() => {
            const prompt = document.querySelector('#prompt');
            prompt.value = 'ab\\ud83d';
            prompt.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    walk.click("button.run")
    walk.wait_for_selector(".refused")
    assert "surrogate pair (U+D83D) at character 3" in walk.inner_text(".refused")
    assert tokens(walk) == before


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("temperature=99&at=nowhere.1.2.3.4", "temperature is 99; it must be from 0.01 to 10"),
        ("temperature=nan", "temperature is"),
        ("top_p=0", "top_p is 0"),
        ("top_k=-1", "top_k is -1"),
        ("seed=1e99", "seed is 1e+99"),
        ("n=99999999", "max_new_tokens is 99999999"),
        ("forced=0.99999999", "99,999,999"),
    ],
)
def test_a_link_with_nonsense_is_refused_in_a_sentence(page, server, query, message):
    page.goto(f"{server}?p=Hi&{query}")
    page.wait_for_selector(".refused")
    assert message in page.inner_text(".refused")
    assert "Traceback" not in page.inner_text("body")
