"""Records of the text that the model sees: which part of it is whose, and what a person typed that is not in it."""

from dataclasses import dataclass
from typing import Literal

What = Literal["prompt", "system", "text"]
How = Literal["dropped", "changed", "trimmed", "unused", "unknown"]


@dataclass(frozen=True)
class Span:
    """A range of the text; `kind` is 'prompt' or 'system' for what a person wrote, 'template' for everything else."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Lost:
    """Something a person typed that the model does not see as typed.

    `what` is the 'prompt' or the 'system' text, or 'text' for both with the template. `how`: 'dropped' or 'changed' by
    the chat template, 'trimmed' (white space at its ends, by the template), 'unused' (a system text without the
    template), or 'unknown' (no entry of the vocabulary: those tokens say nothing of the text they replace).
    `n` counts characters, for 'unknown' tokens. `start` is how a text begins that is not there.
    """

    what: What
    how: How
    n: int
    start: str = ""
