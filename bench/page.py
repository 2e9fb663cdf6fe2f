"""From a click to the painted panel, in a real browser; and how many steps a second are painted while a run streams."""

from statistics import median

from tests.browser import ARGUMENTS, app, chromium, finished

ROUNDS = 15
# Two frames after the click's work is done; the same click on nothing gives what the frames alone take.
CLICK = """(selector) => new Promise((resolve) => {
  const began = performance.now();
  if (selector) document.querySelector(selector).click();
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
})"""
COUNT = """(prompt) => new Promise((resolve) => {
  const strip = document.querySelector('.group-generated .tokens');
  let began = null;
  let painted = 0;
  const seen = new MutationObserver(() => {
    if (document.querySelector('#tbt').dataset.prompt !== prompt) return;
    began ??= performance.now();
    painted += 1;
  });
  seen.observe(strip, { childList: true });
  document.querySelector('button.run').click();
  const wait = setInterval(() => {
    const busy = document.querySelector('.status .working');
    if (!began || busy || !document.querySelector('.group-generated .end')) return;
    clearInterval(wait);
    seen.disconnect();
    resolve([painted, document.querySelectorAll('.group-generated .chip').length, performance.now() - began]);
  }, 50);
})"""


def measure() -> list[dict]:
    """Rows of click -> painted for each stage, beside the same two frames with no click, and of painted steps."""
    from playwright.sync_api import sync_playwright

    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(url)
        finished(page)
        stages = page.eval_on_selector_all("[role=tab]", "tabs => tabs.map(tab => tab.dataset.stage)")
        rows = [_panel(page, stage) for stage in stages]
        rows.append(_streaming(page))
        browser.close()
    return rows


def _panel(page, stage: str) -> dict:
    other = "text" if stage != "text" else "select"
    page.click(f"#tab-{stage}")
    page.wait_for_timeout(2000)
    ours, nothing = [], []
    for _ in range(ROUNDS):
        page.click(f"#tab-{other}")
        page.wait_for_timeout(60)
        nothing.append(page.evaluate(CLICK, None))
        ours.append(page.evaluate(CLICK, f"#tab-{stage}"))
    return row(f"click to painted, {stage}", median(ours), median(nothing), "ms", ROUNDS)


def _streaming(page) -> dict:
    prompt = "1, 2, 3, 4, 5, 6,"
    page.fill("#prompt", prompt)
    painted, steps, ms = page.evaluate(COUNT, prompt)
    name = "steps painted / decoded, a second, while a run streams"
    return row(name, 1e3 * painted / ms, 1e3 * steps / ms, "1/s", steps)


def row(name: str, ours: float, reference: float, unit: str, n: int) -> dict:
    """One line of the table; `ratio` is ours over the reference."""
    return {"name": name, "ours": ours, "reference": reference, "ratio": ours / reference, "unit": unit, "n": n}
