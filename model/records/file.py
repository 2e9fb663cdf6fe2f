"""Records of a run that is exported to a file, and of the comparison of a file with a run."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import ModelCard, Run
from model.request.recipe import Recipe


@dataclass(frozen=True)
class LogitsSummary:
    """A summary of all logits of one step.

    `sha256` is the digest of their bytes as little-endian float32, so it is equal only if every bit is.
    The probability of a logit is exp(logit - `log_sum_exp`).
    """

    step: int
    sha256: str
    largest: float
    largest_id: int
    log_sum_exp: float


@dataclass(frozen=True, eq=False)
class RunFile:
    """A run with its model and software versions: enough to repeat it and to check that the result is the same."""

    run: Run
    card: ModelCard
    versions: dict[str, str]
    logits: tuple[LogitsSummary, ...]


@dataclass(frozen=True, eq=False)
class FileStep:
    """One generated token as read from a file; candidates in the order of the file."""

    token_id: int
    candidates: Int[np.ndarray, " k"]
    probability: Float[np.ndarray, " k"]
    sha256: str


@dataclass(frozen=True, eq=False)
class FileContents:
    """The contents of a file that can be compared with a run, after the validation in `run_file_read`."""

    recipe: Recipe
    prompt_ids: tuple[int, ...]
    steps: tuple[FileStep, ...]
    made_by: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """The numbers in a file compared with those of the same recipe run here.

    Steps are compared up to the first whose tokens differ: after it the two runs have different inputs.
    `max_probability_difference` is over all candidates of the compared steps; `same_logits` counts steps whose logits
    are bitwise equal. `differing` lists (name, in the file, here) for each entry of `made_by` that differs.
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
