"""A stand-in for startup and pool with a single engine, for calls of the page's views and jobs."""

from contextlib import nullcontext
from types import SimpleNamespace


class Ready:
    """A finished startup in which every recipe uses this engine."""

    def __init__(self, engine):
        self._engine = engine

    def status(self):
        return SimpleNamespace(phase="ready")

    def models(self):
        return self

    def using(self, recipe):
        return nullcontext(self._engine)

    def opened(self, recipe):
        yield from ()
        return nullcontext(self._engine)
