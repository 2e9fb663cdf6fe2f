"""What the page's answers ask of a startup and of the models, for one engine that is there."""

from contextlib import nullcontext
from types import SimpleNamespace


class Ready:
    """A startup that is done, whose every recipe names this engine's model."""

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
