"""The records of a run that is taken along in a file, and of a file held against a run."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import ModelCard, Run
from model.request.recipe import Recipe


@dataclass(frozen=True)
class LogitsSummary:
    """All logits of one step in a few numbers.

    `sha256` is of their bytes as little-endian float32: equal only where every bit is. `log_sum_exp` turns any logit
    into its probability.
    """

    step: int
    sha256: str
    largest: float
    largest_id: int
    log_sum_exp: float


@dataclass(frozen=True, eq=False)
class RunFile:
    """A run with what it was made by: enough to make it again and to see whether it is the same."""

    run: Run
    card: ModelCard
    versions: dict[str, str]
    logits: tuple[LogitsSummary, ...]


@dataclass(frozen=True, eq=False)
class FileStep:
    """One generated token as a file has it: the candidates in the file's own order."""

    token_id: int
    candidates: Int[np.ndarray, " k"]
    probability: Float[np.ndarray, " k"]
    sha256: str


@dataclass(frozen=True, eq=False)
class FileContents:
    """What a file says that can be checked. Everything in it has passed the checks of `run_file_read`."""

    recipe: Recipe
    prompt_ids: tuple[int, ...]
    steps: tuple[FileStep, ...]
    made_by: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """A file's numbers beside those of the same recipe run here.

    Steps are compared up to the first at which the tokens part: after it the two have read different texts.
    `max_probability_difference` is over all candidates in the file; `same_logits` counts steps whose logits are equal
    to the last bit. `differing` has (name, in the file, here) of what the two were made by.
    """

    n_steps: int
    n_compared: int
    same_prompt: bool
    first_difference: int | None
    max_probability_difference: float
    same_logits: int
    n_candidates: int
    differing: tuple[tuple[str, str, str], ...]

    @property
    def same_tokens(self) -> bool:
        return self.same_prompt and self.first_difference is None
