"""What the calls of every stage are written against: the one declared face of an engine's inside."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from model.network.language_model import LanguageModel
from model.records.run import Run, Tokens
from model.request.recipe import Recipe
from model.run.trace import Trace
from model.runtime.budget import Budget
from model.runtime.progress import Progress


@runtime_checkable
class Core(Protocol):
    """A loaded model with its limits, its traces, and runs on it."""

    lm: LanguageModel
    max_prompt_tokens: int
    max_new_tokens: int

    def check_limits(self, recipe: Recipe) -> None:
        """Raises UserError when a recipe asks for more than this page allows."""
        ...

    def budget(self) -> Budget:
        """The time that one live measurement may take from now on."""
        ...

    def tokenize(self, recipe: Recipe) -> Tokens:
        """The recipe's text and tokens. Raises UserError over the prompt limit, and for a token without a row."""
        ...

    def run(self, recipe: Recipe, n_steps: int | None = None) -> Iterator[Progress | Run]:
        """Prefill, then token by token: yields progress, and the whole run so far after each stage."""
        ...

    def snapshot(self, recipe: Recipe, n_steps: int | None = None) -> Run:
        """The run as far as it has been computed, or its first `n_steps` generated tokens."""
        ...

    def trace(self, recipe: Recipe) -> Trace:
        """What the recipe's run left on the device. Raises Evicted when it is no longer in memory."""
        ...

    def shown(self, recipe: Recipe, n_steps: int | None) -> Trace:
        """The trace with its first `n_steps` generated tokens, or all."""
        ...
