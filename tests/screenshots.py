"""`python -m tests.screenshots`: takes pictures of every tab of the running page, or those of the README."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS, ROOT, app, chromium, finished, settled, tabs

README = ROOT / "assets" / "screenshots"
ALL = ROOT / "screenshots"
SIZES = {1440: 1000, 390: 844}
PROJECTOR = {1440: 900, 1920: 1080}
PROJECTOR_ON = "localStorage.setItem('tbt-projector', 'on')"
SETTLE_MS = 1500


def shoot(folder: Path, url: str, browser) -> None:
    """Takes full-page pictures of every tab, light and dark, on a screen, a phone and a projector."""
    for name, sizes in (("", SIZES), ("projector-", PROJECTOR)):
        for width, height in sizes.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height})
                if name:
                    page.add_init_script(PROJECTOR_ON)
                page.goto(f"{url}?__theme={theme}")
                finished(page)
                for stage in tabs(page):
                    settled(page, stage)
                    page.wait_for_timeout(SETTLE_MS)
                    page.screenshot(path=folder / f"{stage}-{name}{width}-{theme}.png", full_page=True)
                page.close()


def shoot_readme(folder: Path, url: str, browser) -> None:
    """Takes the pictures of the README."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{url}?__theme=light")
    finished(page)
    for name, stage, height in (("walk", "decode", 1000), ("prefill", "prefill", 1240), ("layers", "layers", 1240)):
        page.set_viewport_size({"width": 1440, "height": height})
        settled(page, stage)
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}.png")
    page.close()


def main() -> None:
    """Takes the pictures of every tab into screenshots/, or, with `readme`, those of the README."""
    every = sys.argv[1:] != ["readme"]
    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        folder = ALL if every else README
        folder.mkdir(parents=True, exist_ok=True)
        (shoot if every else shoot_readme)(folder, url, browser)
        browser.close()


if __name__ == "__main__":
    main()
