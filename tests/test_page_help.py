"""Help, projector mode and glossary, in a real browser."""

import pytest

from tests.browser import ask, finished, scripts, settled, tabs, visitor

SPLIT = """async ([terms, sentence]) => {
  const { split } = await import(terms);
  return split(sentence).filter((part) => part.term).map((part) => [part.text, part.term.name]);
}"""
GLOSSARY = "async (glossary) => (await import(glossary)).glossary"


def test_help_opens_lists_the_keys_and_gives_the_focus_back(page, server):
    page.goto(server)
    finished(page)
    page.focus("#tab-text")
    page.keyboard.press("?")
    assert page.is_visible("dialog.help[open]")
    keys = set(page.eval_on_selector_all(".help kbd", "keys => keys.map(key => key.textContent)"))
    assert {"→", "←", "Space", "Ctrl", "Enter", "P", "?", "Esc"} <= keys
    page.keyboard.press("ArrowRight")  # the walk does not move behind the overlay
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.help", state="hidden")
    assert page.evaluate("document.activeElement.id") == "tab-text"
    assert page.get_attribute("#tab-text", "aria-selected") == "true"


def test_letters_typed_into_the_prompt_are_no_keys(page, server):
    page.goto(server)
    finished(page)
    page.fill("#prompt", "")
    page.press("#prompt", "p")
    page.press("#prompt", "?")
    assert page.input_value("#prompt") == "p?"
    assert not page.is_visible("dialog.help")


def test_projector_mode_is_kept_and_the_maps_are_still_hit_where_one_points(page, server):
    page.goto(server)
    finished(page)
    page.keyboard.press("p")
    page.reload()
    finished(page)
    assert page.evaluate("document.body.classList.contains('projector')")
    assert page.evaluate("document.querySelector('.sentence').currentCSSZoom") == pytest.approx(1.4)
    for stage in tabs(page):
        settled(page, stage)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440, stage
    page.click("#tab-prefill")
    page.wait_for_function("document.querySelector('.heads-said')?.textContent.startsWith('Each')")
    heads = page.locator("canvas.heads")
    box = heads.bounding_box()
    # The last head of the last layer is in the corner at every size.
    heads.click(position={"x": box["width"] - 1.4 * 8, "y": box["height"] - 1.4 * 8})
    page.wait_for_function("document.querySelector('.map-card h2').textContent.includes('Layer 29, head 8')")


def test_terms_are_found_whole_once_and_outside_quotations(page, server):
    js = scripts(page, server)
    sentence = "Tokens: a token’s logit lens, “token softmax”, tokenized KV cache; kv cache, MLP, mlp, top-k."
    found = page.evaluate(SPLIT, [f"{js}core/elements/terms.js", sentence])
    assert found == [
        ["Tokens", "token"],
        ["logit lens", "logit lens"],
        ["KV cache", "KV cache"],
        ["MLP", "MLP"],
        ["top-k", "top-k"],
    ]
    glossary = page.evaluate(GLOSSARY, f"{js}core/words/glossary.js")
    assert {"token", "logit lens", "KV cache", "MLP", "top-k"} <= {term["name"] for term in glossary}
    forms = [form.lower() for term in glossary for form in term["forms"]]
    assert len(forms) == len(set(forms))
    assert all(20 < len(term["text"]) < 260 and term["text"].endswith((".", ".)")) for term in glossary)


def test_a_term_is_explained_by_keyboard_mouse_and_touch_never_in_a_visitors_text(page, server, chromium):
    page.goto(server)
    finished(page)
    ask(page, "A token, a layer and the softmax “of” attention")
    page.click("#tab-tokenize")
    page.focus(".sentence .term >> nth=0")
    assert page.is_visible("#term-said")
    assert page.inner_text("#term-said").startswith("tokenizer The fixed rules")
    assert page.get_attribute(".sentence .term >> nth=0", "aria-describedby") == "term-said"
    page.keyboard.press("Escape")
    page.wait_for_selector("#term-said", state="hidden")
    page.hover(".sentence .term >> nth=1")
    page.wait_for_selector("#term-said:visible:text-matches('^token ')")
    page.mouse.move(5, 5)
    page.wait_for_selector("#term-said", state="hidden")
    page.click("#tab-text")
    for text in (".panel-text .quote", ".strip .chip", ".strip .group", "#prompt"):
        assert page.locator(text).count() > 0
        assert page.locator(f"{text} .term").count() == 0
    assert page.locator(".facts .term").count() > 0
    with visitor(chromium, has_touch=True) as phone:
        phone.goto(server)
        finished(phone)
        phone.tap("#tab-tokenize")
        phone.tap(".sentence .term >> nth=0")
        assert phone.is_visible("#term-said")
        assert phone.inner_text("#term-said").startswith("tokenizer The fixed rules")
        phone.tap(".player .place")
        phone.wait_for_selector("#term-said", state="hidden")
