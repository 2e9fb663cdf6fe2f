"""Settings are previewed in the page: the same distributions as the server's, and what Run then draws from."""

import json

import pytest

from model.recipe import Recipe, SamplingSettings
from tests.browser import finished, tokens

pytestmark = pytest.mark.browser

PROMPT = "The capital of France is"
SETTINGS = [
    {},
    {"temperature": 0.6},
    {"top_k": 12, "temperature": 1.7},
    {"top_p": 0.8, "min_p": 0.02},
    {"typical_p": 0.7, "repetition_penalty": 1.4},
    {"presence_penalty": 0.7, "frequency_penalty": 0.4, "top_p": 0.95},
]
SHARES = """async ([logits, settings, context, ids]) => {
    const sheet = document.querySelector('link[href*="/css/page.css"]').href;
    const { distribution } = await import(sheet.replace('css/page.css', 'js/core/sampling.js'));
    const shares = distribution(Float32Array.from(logits), settings, context);
    return [ids.map((id) => shares[id]), shares.filter((share) => share > 0).length];
}"""


@pytest.fixture(scope="module")
def blank(chromium, server):
    """One tab of the page, for its scripts alone."""
    tab = chromium.new_page()
    tab.goto(server)
    finished(tab)
    yield tab
    tab.close()


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_preview_in_the_page_equals_the_servers_distribution(blank, engine, settings):
    sampling = SamplingSettings(do_sample=True, seed=3, **settings)
    recipe = Recipe(PROMPT, sampling=sampling, max_new_tokens=4)
    run = list(engine.run(recipe))[-1]
    for index, step in enumerate(run.steps):
        context = {"ids": [*run.tokens.ids, *(s.token.id for s in run.steps[:index])], "nPrompt": len(run.tokens)}
        asked = json.loads(recipe.to_json())["sampling"], context, step.candidates.token_ids.tolist()
        shares, kept = blank.evaluate(SHARES, [engine.logits(recipe, index).tolist(), *asked])
        # transformers works in float32, the page in float64.
        assert shares == pytest.approx(step.candidates.chosen_from.tolist(), abs=1e-5)
        # Where nothing is filtered, float32 rounds the last of 49,152 shares to 0.
        assert kept == step.stages[-1].kept or not {"top_k", "top_p", "typical_p"} & settings.keys()


def test_a_moved_slider_shows_at_once_what_run_then_draws_from(page, server, engine):
    page.goto(server)
    finished(page)
    page.click("#tab-decode")
    before = tokens(page)
    page.click(".settings summary")
    page.check("label.radio:has-text('Sample') input")
    page.fill("#set-temperature", "1.5")
    page.fill("#set-seed", "11")
    page.wait_for_selector(".bars .bar.preview")
    assert tokens(page) == before
    assert "press Run" in page.inner_text(".stale")
    sampling = SamplingSettings(do_sample=True, temperature=1.5, seed=11)
    run = list(engine.run(Recipe(PROMPT, sampling=sampling, max_new_tokens=24)))[-1]
    candidates = run.steps[0].candidates
    widths = page.locator(".bars tbody tr").evaluate_all(
        "rows => rows.slice(0, 5).map(row => [...row.querySelectorAll('.bar')].map(bar => parseFloat(bar.style.width)))"
    )
    ratio = [preview / own for own, preview in widths]
    assert ratio == pytest.approx((candidates.chosen_from / candidates.probability)[:5].tolist(), rel=1e-3)
    page.click("button.run")
    page.wait_for_selector(".stale:empty", state="attached")
    finished(page)
    assert tokens(page) == [step.token.id for step in run.steps]
