"""The time from a click on a head until its map is painted, in a real browser: `python -m bench.painted [tokens]`.

Like the browser tests, it needs Playwright and the system's Chromium.
"""

import json
import sys
from statistics import median

from tests.browser import ARGUMENTS, app, chromium

HEADS = ((3, 2), (9, 0), (14, 5), (20, 8), (27, 3))
# Once it is drawn, the map's label names its head; two frames later it is on the screen.
WATCH = """([x, y, label]) => new Promise((resolve) => {
  const map = document.querySelector('canvas.attention-map');
  const heads = document.querySelector('canvas.heads');
  const box = heads.getBoundingClientRect();
  const at = { bubbles: true, clientX: box.left + x, clientY: box.top + y };
  const start = performance.now();
  const observer = new MutationObserver(() => {
    if (!map.getAttribute('aria-label').includes(label)) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  });
  observer.observe(map, { attributes: true });
  heads.dispatchEvent(new MouseEvent('click', at));
})"""
PLACE = """([layer, head, layers, heads]) => {
  const canvas = document.querySelector('canvas.heads');
  const cell = (canvas.clientHeight - 38) / layers;
  const gaps = (canvas.clientWidth - 34 - heads * cell) / Math.max(1, heads / 3 - 1);
  return [30 + head * cell + Math.floor(head / 3) * gaps + cell / 2, 34 + (layer + 0.5) * cell];
}"""


def head_painted(n: int) -> dict[str, float]:
    """Milliseconds from the click to the painted map: the median and the slowest of five heads not shown before."""
    from playwright.sync_api import sync_playwright

    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        milliseconds = _clicks(page, url, n)
        browser.close()
    return {"tokens": n, "median_ms": median(milliseconds), "slowest_ms": max(milliseconds)}


def _clicks(page, url: str, n: int) -> list[float]:
    page.goto(url)
    page.wait_for_selector("#tbt .strip .chip", timeout=120_000)
    page.wait_for_selector("#tbt .status:empty", state="attached", timeout=60_000)
    # One token per word.
    page.fill("#tbt textarea", "the" + " the" * (n - 1))
    page.click("#tbt button.primary")
    page.wait_for_selector(f'#tbt .strip [data-position="{n - 1}"]', timeout=300_000)
    page.wait_for_selector("#tbt .status:empty", state="attached", timeout=300_000)
    page.click("#tab-prefill")
    page.wait_for_function("document.querySelector('.heads-said')?.textContent.startsWith('Each')", timeout=300_000)
    page.wait_for_timeout(500)
    places = [page.evaluate(PLACE, [layer, head, 30, 9]) for layer, head in HEADS]
    return [
        page.evaluate(WATCH, [*place, f"layer {layer}, head {head}"])
        for (layer, head), place in zip(HEADS, places, strict=True)
    ]


if __name__ == "__main__":
    print(json.dumps(head_painted(int((sys.argv[1:] or ["4096"])[0]))))
