"""The engine's call for the source code of a stage."""

from model.engine.source_code import source_code
from model.records.code import SourceCode
from model.run.core import Core


class CodeCalls:
    """Calls for the project's own source code."""

    def __init__(self, core: Core):
        self._lm = core.lm

    def functions(self, stage) -> tuple[SourceCode, ...]:
        """The functions that do the work of a stage."""
        return source_code(self._lm, stage)
