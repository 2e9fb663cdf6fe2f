"""The page in a real browser: the app as a process of its own, and a Chromium that reaches nothing else."""

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

from gradio_client import Client
from gradio_client.exceptions import AppError

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
START_SECONDS = 120
STILL_MS = 300
# Looks at a run that are under way, counted in the page: a panel that waits for one is not finished.
COUNT_LOOKS = """
const plainFetch = window.fetch;
window.looks = 0;
window.fetch = async (...args) => {
  const look = String(args[0]?.url ?? args[0]).includes('component_server');
  if (look) window.looks += 1;
  try { return await plainFetch(...args); } finally { if (look) window.looks -= 1; }
};
"""
# Resolves with the time of the last change, once nothing has changed for a while and no answer is awaited.
STILL = """([selector, still]) => new Promise((resolve) => {
  let timer;
  let last = performance.now();
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (window.looks) return wait();
      seen.disconnect();
      return resolve(last);
    }, still);
  };
  const seen = new MutationObserver(() => { last = performance.now(); wait(); });
  const kinds = { subtree: true, childList: true, attributes: true, characterData: true };
  seen.observe(document.querySelector(selector), kinds);
  // A panel begins to ask in the frame after it is shown.
  requestAnimationFrame(() => requestAnimationFrame(wait));
})"""


def chromium() -> str | None:
    """The browser's path, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def app(*options: str, log: Path | None = None) -> Iterator[str]:
    """`python app.py` on a free port: yields its address once the page answers."""
    port = free_port()
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


def ready(url: str) -> None:
    """Waits until the model behind the page is loaded."""
    client = Client(url, verbose=False)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.predict("Hello", api_name="/tokenize")
        except AppError as error:
            if "not ready" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def finished(page, timeout: float = 90_000) -> None:
    """Waits until a run is complete: an answer with its end mark, and nothing under way."""
    page.wait_for_selector(".strip .group-generated .end", timeout=timeout)
    page.wait_for_function("() => !document.querySelector('.status .working')", timeout=timeout)


def ask(page, prompt: str) -> None:
    """Types a prompt and runs it to its end."""
    page.fill("#prompt", prompt)
    page.click("button.run")
    answered(page, prompt)


def answered(page, prompt: str) -> None:
    """Waits until the run of this prompt is complete."""
    page.wait_for_function("p => document.querySelector('#tbt').dataset.prompt === p", arg=prompt, timeout=90_000)
    finished(page)


def stage(page) -> str:
    """The stage that is shown."""
    return page.get_attribute("[role=tab][aria-selected=true]", "data-stage")


def tabs(page) -> list[str]:
    """All stages of the ribbon, in its order."""
    return page.eval_on_selector_all("[role=tab]", "tabs => tabs.map(tab => tab.dataset.stage)")


def new_tab(context):
    """A tab in which `opened` can tell when a panel is finished."""
    tab = context.new_page()
    tab.add_init_script(COUNT_LOOKS)
    return tab


def opened(page, name: str) -> str:
    """Opens a stage, waits until it is finished, and gives its text."""
    page.click(f"#tab-{name}")
    page.wait_for_selector(f"#panel-{name}")
    page.evaluate(STILL, [f"#panel-{name}", STILL_MS])
    return page.inner_text(f"#panel-{name}")


def tokens(page, group: str = "generated") -> list[int]:
    """The ids of a group of the token strip, from what a screen reader hears."""
    labels = page.eval_on_selector_all(f".group-{group} .chip", "chips => chips.map(c => c.ariaLabel)")
    return [int(label.rsplit("id ", 1)[1]) for label in labels]
