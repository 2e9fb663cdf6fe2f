"""The interface of an engine that the calls of every stage depend on."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from model.network.language_model import LanguageModel
from model.records.progress import Progress
from model.records.run import Run, Tokens
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.runtime.budget import Budget


@runtime_checkable
class Core(Protocol):
    """A loaded model with its limits, its traces, and runs on it."""

    lm: LanguageModel
    max_prompt_tokens: int
    max_new_tokens: int

    def check_limits(self, recipe: Recipe) -> None:
        """Raises UserError if a recipe exceeds the limits of this page or the model's vocabulary."""
        ...

    def budget(self) -> Budget:
        """A new time limit for one live measurement, starting now."""
        ...

    def dated(self, recipe: Recipe) -> Recipe:
        """The recipe with today's date, if its chat template writes one and the recipe does not say which."""
        ...

    def tokenize(self, recipe: Recipe) -> Tokens:
        """The recipe's text and tokens: those of its run while it is in memory. Raises UserError beyond the limits."""
        ...

    def run(self, recipe: Recipe, n_steps: int | None = None) -> Iterator[Progress | Run]:
        """Runs the recipe: yields progress during the prefill, and the run so far after it and after each token."""
        ...

    def snapshot(self, recipe: Recipe, n_steps: int | None = None) -> Run:
        """The run as computed so far, or its first `n_steps` generated tokens. Raises Evicted."""
        ...

    def trace(self, recipe: Recipe) -> Trace:
        """The tensors of the recipe's run. Raises Evicted if they are no longer in memory."""
        ...

    def shown(self, recipe: Recipe, n_steps: int | None) -> Trace:
        """The trace truncated to its first `n_steps` generated tokens, or all (None)."""
        ...
