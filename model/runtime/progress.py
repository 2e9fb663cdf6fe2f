"""Work in a thread that reports its progress and can be cancelled."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from model.records.progress import Progress
from model.request.errors import Cancelled

T = TypeVar("T")


def with_progress(work: Callable[[Callable[[Progress], None]], T]) -> Generator[Progress, None, T]:
    """Runs `work(report)` in a thread, yields its reports and returns its result.

    Closing the generator makes the next `report` raise Cancelled inside the work, and waits for the thread to end.
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
            # Storing the exception would keep its traceback alive, and with it everything the work has allocated.
            pass
        except BaseException as error:  # raised in the caller's thread below
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
