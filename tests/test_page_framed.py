"""In the frame of a Hugging Face Space, whose host sets its size, holds the address, and may deny it storage."""

from pathlib import Path

import pytest

from tests.browser import ARGUMENTS, app, finished, settled, tokens
from tests.browser import chromium as path_of_chromium

HOST = "https://huggingface.co/spaces/me/walk"
SIZE = {"width": 1280, "height": 800}
HEADER = 64  # as in space.html

DENIED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })"
)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The port of the app, started as a Space starts it."""
    log = tmp_path_factory.mktemp("space") / "log.txt"
    with app("--host", "0.0.0.0", log=log, environment={"SPACE_HOST": "me-walk.hf.space"}) as url:
        yield url.split(":")[2].strip("/")


@pytest.fixture(scope="module")
def outside(chromium, space):
    """A browser in which the app has an address of its own."""
    arguments = (
        *ARGUMENTS,
        f"--host-resolver-rules=MAP me-walk.hf.space:80 127.0.0.1:{space}, MAP * ~NOTFOUND",
        # The app has no certificate here, and is on another network than the host.
        "--allow-running-insecure-content",
        "--disable-features=LocalNetworkAccessChecks",
    )
    browser = chromium.browser_type.launch(executable_path=path_of_chromium(), args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def host(outside):
    """The host's page, with the app in its frame; the browser keeps nothing for the frame, as many do."""
    page = outside.new_page(viewport=SIZE)
    page.add_init_script(DENIED)
    page.route("https://huggingface.co/**", lambda route: route.fulfill(path=Path(__file__).with_name("space.html")))
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    page.close()
    assert problems == []


def opened(page, query: str = ""):
    """The app's frame, once its run is complete."""
    page.goto(HOST + query)
    frame = page.frame("app")
    finished(frame)
    return frame


def fits(page) -> None:
    """Waits until the frame fills the space below the host's header, and the host does not scroll."""
    page.wait_for_function(
        "([frame, all]) => document.querySelector('#app').offsetHeight === frame"
        " && document.documentElement.scrollHeight === all",
        arg=[SIZE["height"] - HEADER, SIZE["height"]],
    )


def test_the_frame_is_what_is_in_sight_and_the_page_scrolls_in_it(host):
    frame = opened(host)
    for stage in ("text", "embed", "text"):
        settled(frame, stage)
        fits(host)
    settled(frame, "embed")
    host.mouse.move(SIZE["width"] / 2, SIZE["height"] / 2)
    host.mouse.wheel(0, 1500)
    frame.wait_for_function("() => document.querySelector('#tbt').scrollTop > 1000")
    # Sticky and overlaid elements are visible at every scroll position.
    assert frame.locator(".ribbon").bounding_box()["y"] >= HEADER
    host.keyboard.press("?")
    box = frame.locator("dialog.help").bounding_box()
    assert box["y"] >= HEADER
    assert box["y"] + box["height"] <= SIZE["height"]


def test_the_hosts_address_brings_back_what_is_shown(host):
    frame = opened(host, "?p=One+two+three&n=4&__sign=secret")
    assert tokens(frame) != []
    settled(frame, "layers")
    host.wait_for_function("() => told.at(-1)?.includes('at=layers')")
    told = host.evaluate("told.at(-1)")
    assert "secret" not in told
    again = opened(host, f"?{told}")
    again.wait_for_selector("#panel-layers:not([hidden])")
    assert again.get_attribute("#tbt", "data-prompt") == "One two three"


def test_a_browser_that_keeps_nothing_still_switches(host):
    frame = opened(host)
    frame.wait_for_selector("body:not(.dark)")
    frame.click("button[aria-label='Light or dark']")
    frame.wait_for_selector("body.dark")
