"""`python -m tests.screenshots`: pictures of every stage of the running page, for the README and for looking at."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS, ROOT, app, chromium, finished

README = ROOT / "assets" / "screenshots"
ALL = ROOT / "screenshots"
WIDTHS = {1440: 1000, 390: 844}
SETTLE_MS = 4000


def shoot(folder: Path, url: str, browser) -> None:
    """Every stage, at each width, light and dark, from top to bottom."""
    for width, height in WIDTHS.items():
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{url}?__theme={theme}")
            finished(page)
            for stage in page.eval_on_selector_all("[role=tab]", "tabs => tabs.map(tab => tab.dataset.stage)"):
                page.click(f"#tab-{stage}")
                page.wait_for_timeout(SETTLE_MS)
                page.screenshot(path=folder / f"{stage}-{width}-{theme}.png", full_page=True)
            page.close()


def shoot_readme(folder: Path, url: str, browser) -> None:
    """The few pictures the README shows."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{url}?__theme=light")
    finished(page)
    for name, stage, height in (("walk", "decode", 1000), ("prefill", "prefill", 1240), ("layers", "layers", 1240)):
        page.set_viewport_size({"width": 1440, "height": height})
        page.click(f"#tab-{stage}")
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}.png")
    page.close()


def main() -> None:
    """Takes the README's pictures, and with `all` every stage's into screenshots/."""
    every = sys.argv[1:] == ["all"]
    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        folder = ALL if every else README
        folder.mkdir(parents=True, exist_ok=True)
        (shoot if every else shoot_readme)(folder, url, browser)
        browser.close()


if __name__ == "__main__":
    main()
