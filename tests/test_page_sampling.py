"""The sampler on the page: its preview compared with the server's numbers, and the draw on the bar."""

import json
import re

import pytest

from model.request.recipe import Recipe, SamplingSettings
from tests.browser import finished, scripts, tokens

SETTINGS = [
    {},
    {"temperature": 0.6},
    {"top_k": 12, "temperature": 1.7},
    {"top_p": 0.8, "min_p": 0.02},
    {"typical_p": 0.7, "repetition_penalty": 1.4},
    {"presence_penalty": 0.7, "frequency_penalty": 0.4, "top_p": 0.95},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_preview_in_the_page_equals_the_servers_distribution(page, server, engine, settings):
    sampling = SamplingSettings(do_sample=True, seed=3, **settings)
    recipe = Recipe("The capital of France is", sampling=sampling, max_new_tokens=4)
    run = list(engine.run(recipe))[-1]
    assert len(run.steps) == 4
    js = scripts(page, server)
    for index, step in enumerate(run.steps):
        context = {"ids": [*run.tokens.ids, *(s.token.id for s in run.steps[:index])], "nPrompt": len(run.tokens)}
        shares = page.evaluate(
            """async ([sampling, logits, settings, context, ids]) => {
                const { distribution } = await import(sampling);
                const shares = distribution(Float32Array.from(logits), settings, context);
                return ids.map((id) => shares[id]);
            }""",
            [
                f"{js}maths/sampling.js",
                engine.decode.logits(recipe, index).tolist(),
                json.loads(recipe.to_json())["sampling"],
                context,
                step.candidates.token_ids.tolist(),
            ],
        )
        # transformers computes in float32, the page in float64.
        assert shares == pytest.approx(step.candidates.chosen_from.tolist(), abs=1e-5)


def test_the_number_falls_on_the_selected_token_and_a_whole_row_takes_another(page, server, engine):
    """A negative penalty raises tokens that are not among the model's own most likely ones."""
    sampling = SamplingSettings(do_sample=True, seed=1, frequency_penalty=-2.0)
    run = list(engine.run(Recipe("The capital of France is", sampling=sampling, max_new_tokens=14)))[-1]
    step = max(run.steps, key=lambda step: step.chosen_from / step.probability)
    assert step.rank > 1
    assert step.chosen_from > 10 * step.probability
    query = f"p=The+capital+of+France+is&n=14&do_sample=1&frequency_penalty=-2&seed=1&at=select.{step.index}.0.0.0"
    page.goto(f"{server}?{query}")
    finished(page)
    page.wait_for_selector(".cumulative .selected")
    wide = page.evaluate("document.querySelector('.cumulative').viewBox.baseVal.width")
    selected = page.locator(".cumulative rect.selected")
    start, width = (float(selected.get_attribute(name)) for name in ("x", "width"))
    assert start / wide == pytest.approx(step.cumulative_from, abs=1e-4)
    assert (start + width) / wide == pytest.approx(step.cumulative_to, abs=2 / wide)
    needle = float(re.search(r"M ([\d.]+)", page.get_attribute(".cumulative .needle", "d"))[1])
    assert start <= needle <= start + width
    page.click("#tab-decode")
    row = page.locator(".bars tr.takes").first
    other = int(row.locator("td").first.inner_text().replace(",", ""))
    row.locator(".track").click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('forced')")
    finished(page)
    assert tokens(page)[step.index] == other
