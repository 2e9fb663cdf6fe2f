"""The engine's call about its own code."""

from model.engine.source_code import source_code
from model.records.code import SourceCode
from model.run.core import Core


class CodeCalls:
    """What may be asked about the project's own code."""

    def __init__(self, core: Core):
        self._lm = core.lm

    def functions(self, stage) -> tuple[SourceCode, ...]:
        """The functions that do a stage's work here."""
        return source_code(self._lm, stage)
