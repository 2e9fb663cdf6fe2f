"""A class at once: thirty visitors ask for an answer in the same moment, beside one who asks alone."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from gradio_client import Client

from bench.page import row
from tests.browser import app

VISITORS, TOKENS = 30, 24


def classroom() -> Iterator[dict]:
    """How long the last and the median of thirty wait, against thirty one after the other."""
    with app() as url:
        clients = [Client(url, verbose=False) for _ in range(VISITORS)]
        _ready(clients[0])
        alone = median(_seconds(clients[0], f"Alone {i}: the capital of France is") for i in range(3))
        with ThreadPoolExecutor(VISITORS) as pool:
            began = time.perf_counter()
            ends = list(pool.map(lambda i: _ended(clients[i], f"Visitor {i}: the sea is", began), range(VISITORS)))
    yield row(f"{VISITORS} visitors at once, the last / one after the other", max(ends), VISITORS * alone, "s", 1)
    yield row(f"{VISITORS} visitors at once, the median / one alone", median(ends), alone, "s", 1)


def _ready(client: Client) -> None:
    while True:
        try:
            return _ask(client, "Ready?")
        except Exception:  # the model is still on its way, and says so
            time.sleep(0.5)


def _ask(client: Client, prompt: str) -> None:
    client.predict(prompt, False, TOKENS, 1.0, 1, 1.0, 0, api_name="/generate")


def _seconds(client: Client, prompt: str) -> float:
    began = time.perf_counter()
    _ask(client, prompt)
    return time.perf_counter() - began


def _ended(client: Client, prompt: str, began: float) -> float:
    _ask(client, prompt)
    return time.perf_counter() - began
