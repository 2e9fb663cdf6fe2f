"""The page in a real browser: the app in a separate process, and a Chromium without other network access."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
START_SECONDS = 120


def chromium() -> str | None:
    """The path of the browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def app(*options: str, log: Path | None = None, port: int | None = None) -> Iterator[str]:
    """Runs `python app.py` on a port (default: a free one); yields its address once the page answers."""
    port = port or free_port()
    command = [sys.executable, "app.py", "--port", str(port), *options]
    with open(log or os.devnull, "w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield _answering(f"http://127.0.0.1:{port}/", process)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answering(url: str, process: subprocess.Popen) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with code {process.returncode} before it answered")
        try:
            with urlopen(url, timeout=5):
                return url
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the app did not answer within {START_SECONDS} s")


def finished(page, timeout: float = 90_000) -> None:
    """Waits until a run is complete: an answer with its end mark, and no work in progress."""
    page.wait_for_selector(".strip .group-generated .end", timeout=timeout)
    page.wait_for_function("() => !document.querySelector('.status .working')", timeout=timeout)


def settled(page, stage: str) -> None:
    """Opens a tab and waits until all its requests are answered."""
    page.click(f"#tab-{stage}")
    page.wait_for_selector(f"#panel-{stage} .card")
    page.wait_for_timeout(300)
    page.wait_for_function("() => ![...document.querySelectorAll('.waiting')].some((node) => node.offsetParent)")
    page.wait_for_selector(".looking", state="hidden")


def ask(page, prompt: str) -> None:
    """Types a prompt and runs it to its end."""
    page.fill("#prompt", prompt)
    page.click("button.run")
    wanted = " ".join(prompt.split())
    page.wait_for_function(
        "wanted => document.querySelector('#tbt').dataset.prompt.split(/\\s+/).join(' ').trim() === wanted",
        arg=wanted,
        timeout=90_000,
    )
    finished(page)


def tokens(page, group: str = "generated") -> list[int]:
    """The ids of a group of the token strip, from their labels for screen readers."""
    labels = page.eval_on_selector_all(f".group-{group} .chip", "chips => chips.map(c => c.ariaLabel)")
    return [int(label.rsplit("id ", 1)[1]) for label in labels]
