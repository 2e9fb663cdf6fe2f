"""Two models side by side on the page: the numbers of each side are those of its own run."""

import re

from model.request.recipe import Recipe
from tests.browser import ask, finished, settled
from tests.saved_models import save
from tests.small_tokenizers import KINDS

PROMPT = "The capital of France is"


def compared(page):
    page.click(".panel-compare button.primary")
    page.wait_for_selector(".compare-figures tbody tr", timeout=90_000)
    page.wait_for_function("() => document.querySelector('.panel-compare button.primary').innerText === 'Compare'")


def figures(page) -> dict[str, list[str]]:
    rows = page.locator(".compare-figures tbody tr")
    return {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()}


def test_a_model_beside_itself_in_other_numbers_and_beside_another_model(page, server, engine, tmp_path):
    page.goto(f"{server}?p={PROMPT.replace(' ', '+')}&n=4")
    finished(page)
    settled(page, "compare")
    page.locator(".panel-compare select").select_option(label="SmolLM2-135M-Instruct in bfloat16")
    compared(page)
    run = list(engine.run(Recipe(PROMPT, max_new_tokens=4)))[-1]
    shown = figures(page)
    assert shown["numbers"] == ["float32 on cpu", "bfloat16 on cpu"]
    assert shown["prompt"] == ["5 tokens", "5 tokens"]
    page.locator(".compare-row button[data-step='0']").first.click()
    first = page.locator(".compare-columns tbody").first.locator("tr .value").first.inner_text()
    assert first == f"{100 * run.steps[0].probability:.1f} %"
    # Another model has other tokens, and the run on the page stays.
    folder = save(tmp_path / "tiny-llama", "llama", KINDS["byte fallback"]().tokenizer)
    page.locator(".panel-compare select").select_option("typed")
    compared_with = page.locator(".panel-compare input[type=text]")
    compared_with.fill(str(tmp_path / "none"))
    page.click(".panel-compare button.primary")
    page.wait_for_selector(".status :text('There is no folder')")
    compared_with.fill(str(folder))
    compared(page)
    page.wait_for_function("() => document.querySelector('.compare-figures').innerText.includes('tiny-llama')")
    cut = page.inner_text(".panel-compare .compare-rows >> nth=0")
    assert cut.count("·capital") == 1
    assert page.inner_text(".status") == ""
    assert page.get_attribute("#tbt", "data-prompt") == PROMPT
    # Unknown text is lost, so there is no figure per byte.
    lossy = save(tmp_path / "tiny-wordpiece", "llama", KINDS["wordpiece"]().tokenizer)
    ask(page, "the quick люди fox")
    settled(page, "compare")
    compared_with.fill(str(lossy))
    compared(page)
    page.wait_for_function("() => document.querySelector('.compare-figures').innerText.includes('tiny-wordpiece')")
    assert figures(page)["prompt, surprisal per byte"][1] == "–"
    assert figures(page)["prompt, surprisal per byte"][0] != "–"
    assert re.search(
        r"tiny-wordpiece: 1 of \d tokens stand for text that is unknown", page.inner_text(".panel-compare")
    )
    ask(page, "Other text")
    page.click("#tab-compare")
    assert page.locator(".compare-figures:visible").count() == 0
