"""How far a piece of work is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Progress of a piece of work: `done` of `total`. The page shows `message`; with `unit` 'bytes' it shows sizes."""

    message: str
    done: int
    total: int
    unit: str = ""
