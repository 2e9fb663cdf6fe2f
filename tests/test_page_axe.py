"""Accessibility: axe in every tab, light and dark; the walk by keyboard alone; contrast by WCAG's formula."""

import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import ROOT, STAGES, finished, settled, tabs

CSS = ROOT / "assets" / "css" / "base"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
COLOURS = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
# Text needs a contrast of 4.5 to 1, controls and marks 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
STRONG = [f"c-{name}" for name in ("query", "key", "value", "resid", "prob", "special", "negative", "positive")]
TEXT = [
    *[("ink", on) for on in ("surface", "surface-2", "surface-3", "accent-soft", "second-soft")],
    *[("ink-2", on) for on in ("surface", "surface-2", "surface-3", "accent-soft")],
    *[(name, on) for name in STRONG for on in ("surface", "surface-2")],
    *[("c-query", "surface-3"), ("c-key", "surface-3")],
    *[("accent", "surface"), ("accent-ink", "accent"), ("danger", "danger-soft"), ("good", "surface")],
]
PARTS = [("edge", "surface"), ("edge", "surface-2"), ("accent", "surface-2"), ("accent", "surface-3")]


def colours(*sheets: str) -> dict[str, str]:
    found = {}
    for sheet in sheets:
        found |= dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", sheet))
    return found


def themes() -> dict[str, dict[str, str]]:
    light, dark = (CSS / "tokens.css").read_text(encoding="utf-8").split("body.dark", 1)
    large, large_dark = (CSS / "projector.css").read_text(encoding="utf-8").split("body.projector.dark", 1)
    return {
        "light": colours(light),
        "dark": colours(light, dark),
        "projector": colours(light, large),
        "projector, dark": colours(light, dark, large, large_dark),
    }


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_ends_and_a_known_grey():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", themes())
def test_colours_stand_out_from_what_they_stand_on(theme):
    values = themes()[theme]
    for pairs, least in ((TEXT, 4.5), (PARTS, 3.0)):
        for name, on in pairs:
            assert contrast(values[name], values[on]) >= least, f"{name} on {on}"


# Axe reads the whole document at each run. Panels that are not shown are most of it and change nothing: they go aside.
AXE = """async ([context, rules]) => {
  const aside = [...document.querySelectorAll('.panel[hidden]')].map((panel) => [panel, document.createComment('')]);
  for (const [panel, place] of aside) panel.replaceWith(place);
  try {
    return (await axe.run(context, rules)).violations;
  } finally {
    for (const [panel, place] of aside) place.replaceWith(panel);
  }
}"""


def violations(page, rules: dict, context: str = "#tbt") -> list[str]:
    """The violations of serious or critical impact. axe-core is injected only once per page: it is large."""
    if not page.evaluate("!!window.axe"):
        page.evaluate(Axe().axe_script)
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in page.evaluate(AXE, [context, rules])
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.slow
def test_axe_finds_nothing_serious_in_any_tab_light_and_dark(page, server):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server}?__theme=light")
    finished(page)
    assert violations(page, RULES) == []
    page.evaluate("document.body.classList.add('dark')")
    assert violations(page, COLOURS) == []
    # What axe is there to find, it finds.
    page.evaluate("document.querySelector('.ask').insertAdjacentHTML('beforeend', '<button id=nameless></button>')")
    assert [one.partition(":")[0] for one in violations(page, RULES, ".ask")] == ["button-name"]
    page.evaluate("document.querySelector('#nameless').remove()")
    found = {}
    for stage in tabs(page):
        settled(page, stage)
        page.evaluate("document.body.classList.remove('dark')")
        found[stage] = violations(page, RULES, f"#panel-{stage}")
        page.evaluate("document.body.classList.add('dark')")
        found[f"{stage}, dark"] = violations(page, COLOURS, f"#panel-{stage}")
    page.keyboard.press("?")
    page.wait_for_selector("dialog.help[open]")
    found["help"] = violations(page, RULES, "dialog.help")
    assert {name: said for name, said in found.items() if said} == {}


FOCUSED = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  return { id: element.id, ring, seen, name: element.outerHTML.slice(0, 80) };
}"""


def test_the_whole_walk_goes_by_keyboard_with_the_focus_in_sight(page, server):
    page.goto(server)
    finished(page)
    visited = []
    for _ in range(60):
        page.keyboard.press("Tab")
        visited.append(page.evaluate(FOCUSED))
        if visited[-1]["id"] == "tab-text":
            break
    assert visited[-1]["id"] == "tab-text"
    for before, stage in pairwise(STAGES):
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(f"#panel-{stage} .card")
        assert not page.is_visible(f"#panel-{before}")
        visited.append(page.evaluate(FOCUSED))
        assert visited[-1]["id"] == f"tab-{stage}"
    # On through the token strip, the player and into the panel.
    for _ in range(60):
        page.keyboard.press("Tab")
        visited.append(page.evaluate(FOCUSED))
        if page.evaluate("!!document.activeElement.closest('#panel-detokenize')"):
            break
    assert page.evaluate("!!document.activeElement.closest('#panel-detokenize')")
    assert [one["name"] for one in visited if not (one["ring"] and one["seen"])] == []


def test_a_sentence_that_changes_keeps_the_focus_that_stands_in_it(page, server):
    page.goto(server)
    finished(page)
    page.focus(".player .sentence .term")
    for _ in range(3):
        said = page.inner_text(".player .sentence")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("said => document.querySelector('.player .sentence').innerText !== said", arg=said)
        assert page.evaluate("document.activeElement.matches('.player .sentence .term')")
