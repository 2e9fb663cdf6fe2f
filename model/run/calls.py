"""The engine's calls for trace files."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from model.records.file import Comparison, FileContents, RunFile
from model.records.progress import Progress
from model.records.run import Run
from model.request.recipe import Recipe
from model.run.core import Core
from model.run.run_file import compare_run_file, run_file
from model.run.run_file_read import read_run_file
from model.runtime.present import present

if TYPE_CHECKING:
    from model.run.trace import Trace


class FileCalls:
    """Calls for writing a run to a trace file, and for reading and comparing one."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def run_file(self, recipe: Recipe, n_steps: int) -> Generator[Progress, None, RunFile]:
        """The record of the run up to `n_steps` tokens; it is computed again if it is not in memory."""
        trace, run = yield from self._run(recipe, n_steps)
        return run_file(run, self._lm.card, trace.logits)

    def read_run_file(self, document: Any) -> FileContents:
        """A file's recipe and numbers, validated. Raises UserError if it is invalid or exceeds this page's limits."""
        filed = read_run_file(document, self._lm.card)
        self._core.check_limits(filed.recipe)
        return filed

    def compare_run_file(self, filed: FileContents) -> Generator[Progress, None, Comparison]:
        """Runs the file's recipe here and compares the numbers with those in the file."""
        trace, run = yield from self._run(filed.recipe, len(filed.steps))
        return compare_run_file(filed, run, self._lm.card, trace.logits)

    def _run(self, recipe: Recipe, n_steps: int) -> Generator[Progress, None, tuple["Trace", Run]]:
        recipe, run = self._core.dated(recipe), None
        for item in self._core.run(recipe, n_steps):
            if isinstance(item, Progress):
                yield item
                continue
            run = item
            yield Progress("Token", len(run.steps), n_steps)
        return self._core.trace(recipe), present(run)
