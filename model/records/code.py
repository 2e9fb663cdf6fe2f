"""What the page shows of the code that did a stage."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceCode:
    """A function as it stands in its file: `text` is lines `line` and following of `file`, cut from nothing else."""

    name: str
    file: str
    line: int
    text: str
