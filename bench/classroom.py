"""A class at once: thirty visitors request an answer at the same moment, compared with a single one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from gradio_client import Client

from bench.page import row
from tests.browser import app

VISITORS, TOKENS = 30, 24


def classroom() -> Iterator[dict]:
    """How long the last and the median of thirty visitors wait, compared with one after the other."""
    with app() as url:
        clients = [Client(url, verbose=False) for _ in range(VISITORS)]
        _wait_until_ready(clients[0])
        alone = median(_seconds(clients[0], f"Alone {i}: the capital of France is") for i in range(3))
        with ThreadPoolExecutor(VISITORS) as pool:
            started = time.perf_counter()
            ends = list(pool.map(lambda i: _end(clients[i], f"Visitor {i}: the sea is", started), range(VISITORS)))
    yield row(f"{VISITORS} visitors at once, the last / one after the other", max(ends), VISITORS * alone, "s", 1)
    yield row(f"{VISITORS} visitors at once, the median / one alone", median(ends), alone, "s", 1)


def _wait_until_ready(client: Client) -> None:
    while True:
        try:
            return _ask(client, "Ready?")
        except Exception:  # the model is still loading
            time.sleep(0.5)


def _ask(client: Client, prompt: str) -> None:
    client.predict(prompt, False, TOKENS, 1.0, 1, 1.0, 0, api_name="/generate")


def _seconds(client: Client, prompt: str) -> float:
    started = time.perf_counter()
    _ask(client, prompt)
    return time.perf_counter() - started


def _end(client: Client, prompt: str, started: float) -> float:
    """The seconds from `started` until the answer is complete."""
    _ask(client, prompt)
    return time.perf_counter() - started
