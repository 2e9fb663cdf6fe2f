"""Starts the engine in the background: imports torch and loads the model in a thread.

This module imports nothing heavy, so that the page can be served in the meantime.
"""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from model.records.run import EngineStatus
from model.request.errors import NotReady, UserError

if TYPE_CHECKING:
    from model.engine.core import LocalEngine
    from model.pool import ModelPool

Build = Callable[[Callable[[float, str], None]], "ModelPool"]


class Startup:
    """Loads the models of a page. `start` calls `build(report)` once, in a thread."""

    def __init__(self, build: Build):
        self._build = build
        self._models: ModelPool | None = None
        self._status = EngineStatus("loading", "Starting", 0.0)
        self._ended = threading.Event()

    def start(self) -> None:
        """Starts loading in the background; `status` reports the progress."""
        threading.Thread(target=self._run, name="startup", daemon=True).start()

    def _run(self) -> None:
        try:
            self._models = self._build(self._report)
            self._status = EngineStatus("ready", "Ready", 1.0)
        except UserError as error:
            self._status = EngineStatus("failed", str(error), 0.0)
            print(error, file=sys.stderr)
        except Exception as error:  # otherwise the page would wait forever
            self._status = EngineStatus("failed", f"The model did not load: {error}", 0.0)
            raise
        finally:
            self._ended.set()

    def _report(self, fraction: float, message: str) -> None:
        self._status = EngineStatus("loading", message, fraction)

    def status(self) -> EngineStatus:
        """The current status."""
        return self._status

    def wait(self, timeout: float | None = None) -> EngineStatus:
        """Waits until loading is done or has failed, or until `timeout` seconds have passed."""
        self._ended.wait(timeout)
        return self._status

    def models(self) -> "ModelPool":
        """The models. Raises NotReady, with the progress, while the first one loads, and UserError if it failed."""
        if self._models is None:
            if self._ended.is_set():
                raise UserError(self._status.message)
            raise NotReady(f"The model is not ready: {self._status.message}. Try again shortly.")
        return self._models

    def engine(self) -> "LocalEngine":
        """The engine of the model that the page was started with. Raises like `models`."""
        return self.models().start_engine()
