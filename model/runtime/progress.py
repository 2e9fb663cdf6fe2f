"""Work in a thread that tells how far it is, and stops when nobody listens any more."""

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from model.request.errors import Cancelled

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is: `done` of `total`, in the words of `message`. `unit` 'bytes' is shown as such."""

    message: str
    done: int
    total: int
    unit: str = ""


def with_progress(work: Callable[[Callable[[Progress], None]], T]) -> Generator[Progress, None, T]:
    """Runs `work(report)` in a thread, yields what it reports and returns what it returns.

    Closing the generator makes the next `report` raise Cancelled inside the work, and waits for it.
    """
    reports: queue.Queue[Progress | None] = queue.Queue()
    cancelled, outcome = threading.Event(), {}

    def report(progress: Progress) -> None:
        if cancelled.is_set():
            raise Cancelled(progress.message)
        reports.put(progress)

    def body() -> None:
        try:
            outcome["result"] = work(report)
        except Cancelled:
            # Kept, it would keep its traceback, and with that all that the work has made so far.
            pass
        except BaseException as error:  # handed to the caller's thread below
            outcome["error"] = error
        reports.put(None)

    thread = threading.Thread(target=body, name="work with progress", daemon=True)
    thread.start()
    try:
        while (progress := reports.get()) is not None:
            yield progress
    finally:
        cancelled.set()
        thread.join()
    if "error" in outcome:
        raise outcome.pop("error")
    return outcome["result"]
