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
SCREEN = {"width": 1440, "height": 1000}

# The tabs in the page's order: the stages of the walk, then what stands around it.
STAGES = ("text", "tokenize", "embed", "prefill", "layers", "decode", "select", "detokenize")
AROUND = ("model", "branches", "cache", "latency", "batching", "speculative", "whatif", "compare")

# Counts the questions to the server that have no answer yet. Those from before the count began have 300 ms to show.
COUNT_QUESTIONS = """() => {
  if (window.questions) return;
  window.questions = { open: 0, quietFrom: performance.now() + 200 };
  const ask = window.fetch;
  window.fetch = async (...request) => {
    if (!String(request[0]).endsWith('/component_server')) return ask(...request);
    window.questions.open += 1;
    try {
      const answer = await ask(...request);
      await answer.clone().text();
      return answer;
    } finally {
      window.questions.open -= 1;
      window.questions.quietFrom = Math.max(window.questions.quietFrom, performance.now());
    }
  };
}"""
# Nothing is open, and nothing was for a moment: an answer may lead to the next question.
QUIET = """() => !window.questions.open && performance.now() - window.questions.quietFrom > 100
  && ![...document.querySelectorAll('.waiting, .looking')].some((node) => node.offsetParent)"""


def chromium() -> str | None:
    """The path of the browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def app(
    *options: str, log: Path | None = None, port: int | None = None, environment: dict[str, str] | None = None
) -> Iterator[str]:
    """Runs `python app.py` on a port (default: a free one); yields its address once the page answers."""
    port = port or free_port()
    command = [sys.executable, "app.py", "--port", str(port), *options]
    with open(log or os.devnull, "w") as out:
        variables = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=variables)
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


def tabs(page) -> list[str]:
    """The names of the page's tabs, none missing: what goes through them goes through all."""
    found = page.eval_on_selector_all("[role=tab]", "tabs => tabs.map((tab) => tab.dataset.stage)")
    assert found == [*STAGES, *AROUND]
    return found


def settled(page, stage: str) -> None:
    """Opens a tab and waits until nothing in it wants for an answer."""
    page.evaluate(COUNT_QUESTIONS)
    page.click(f"#tab-{stage}")
    page.wait_for_selector(f"#panel-{stage} .card")
    page.wait_for_function(QUIET)


@contextmanager
def visitor(browser, **options):
    """A tab of a visitor who was never here: nothing is shared with any other tab."""
    context = browser.new_context(**{"viewport": SCREEN, **options})
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def watched(profile):
    """A fresh tab that remembers nothing. At its end no script may have failed in it, and its console has no error.

    Gradio's own scripts complain when a tab is left while they wait for an answer: that is no fault of the page.
    """
    tab = profile.new_page()
    problems, visited = [], set()
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("framenavigated", lambda frame: visited.add("/".join(frame.url.split("/")[:3])))
    yield tab
    tab.close()
    line = profile.new_cdp_session(profile.pages[0])
    for origin in visited:
        line.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    line.detach()
    left = ("AbortError: signal is aborted", "Connection errored out")
    assert [text for text in problems if not any(known in text for known in left)] == []


def scripts(page, server: str) -> str:
    """Opens an empty page of the app's, where its modules can be imported without all that a walk loads: gives where
    they are.
    """
    page.goto(f"{server}gradio_api/app_id")
    return f"/gradio_api/file={ROOT}/assets/js/"


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
