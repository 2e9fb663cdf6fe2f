"""Measurements in a real browser: size and first paint of a first visit, time from a click to the painted panel, steps
painted per second while a run streams.
"""

from statistics import median

from tests.browser import ARGUMENTS, app, chromium, finished, tabs

ROUNDS = 15
VISITS = 5
OWN = "/gradio_api/file="
# Milliseconds from the navigation until the first generated token is painted, by the page's own clock.
FIRST = """() => {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('.group-generated .chip')) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.firstToken = performance.now(); }));
  });
  observer.observe(document, { childList: true, subtree: true });
}"""
# Resolves two frames after the click was handled; without a selector it measures the two frames alone.
CLICK = """(selector) => new Promise((resolve) => {
  const start = performance.now();
  if (selector) document.querySelector(selector).click();
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
})"""
COUNT = """(prompt) => new Promise((resolve) => {
  const strip = document.querySelector('.group-generated .tokens');
  let start = null;
  let painted = 0;
  const observer = new MutationObserver(() => {
    if (document.querySelector('#tbt').dataset.prompt !== prompt) return;
    start ??= performance.now();
    painted += 1;
  });
  observer.observe(strip, { childList: true });
  document.querySelector('button.run').click();
  const wait = setInterval(() => {
    const busy = document.querySelector('.status .working');
    if (!start || busy || !document.querySelector('.group-generated .end')) return;
    clearInterval(wait);
    observer.disconnect();
    resolve([painted, document.querySelectorAll('.group-generated .chip').length, performance.now() - start]);
  }, 50);
})"""


def measure() -> list[dict]:
    """The rows for first visits, for the time from click to paint of each stage, and for painted steps."""
    from playwright.sync_api import sync_playwright

    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(url)
        finished(page)
        visits = [_first_visit(browser, url) for _ in range(VISITS)]
        rows = [*_visit_rows(visits), *(_panel(page, stage) for stage in tabs(page))]
        rows.append(_streaming(page))
        browser.close()
    return rows


def _first_visit(browser, url: str) -> dict[str, float]:
    """A visit with an empty cache to a server whose model is loaded: bytes transferred, and paint times."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    session = context.new_cdp_session(page)
    urls, sizes = {}, {}
    session.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    page.add_init_script(f"({FIRST})()")
    page.goto(url)
    finished(page)
    page.wait_for_function("() => window.firstToken")
    first_paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    visit = {
        "bytes": sum(sizes.values()),
        "own": sum(size for request, size in sizes.items() if OWN in urls.get(request, "")),
        "token": page.evaluate("window.firstToken"),
        "paint": page.evaluate(first_paint),
    }
    context.close()
    return visit


def _visit_rows(visits: list[dict[str, float]]) -> list[dict]:
    middle = {name: median(visit[name] for visit in visits) for name in visits[0]}
    return [
        row(
            "first visit: bytes on the wire / of them this page's own",
            middle["bytes"] / 1e3,
            middle["own"] / 1e3,
            "KB",
            VISITS,
        ),
        row("first visit: first generated token painted / first paint", middle["token"], middle["paint"], "ms", VISITS),
    ]


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
    """One row of the table; `ratio` is ours divided by the reference."""
    return {"name": name, "ours": ours, "reference": reference, "ratio": ours / reference, "unit": unit, "n": n}
