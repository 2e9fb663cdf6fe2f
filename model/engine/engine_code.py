"""The engine's call about its own code."""

from model.engine.source_code import source_code
from model.network.language_model import LanguageModel
from model.records.code import SourceCode


class CodeCalls:
    """For an engine that has `lm`."""

    lm: LanguageModel

    def code(self, stage) -> tuple[SourceCode, ...]:
        """The functions that do a stage's work here."""
        return source_code(self.lm, stage)
