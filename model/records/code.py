"""Records of the source code that the page shows for a stage."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceCode:
    """The source of a function: `text` is copied verbatim from `file`, starting at `line`."""

    name: str
    file: str
    line: int
    text: str
