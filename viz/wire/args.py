"""Arguments of a request: what a page sends, checked where it enters."""

from typing import Any

from model.request.recipe import require_text
from model.request.validate import require_integer

MOST = 1_000_000
WAY_OUT = "use a number of this run, or reload the page"


def integer(args: dict, name: str, default: int | None = None, low: int = 0, high: int = MOST) -> int:
    """A whole number from `low` to `high`. Raises UserError otherwise, also when it is missing and has no default."""
    value = args.get(name, default)
    require_integer(name, value, low, high, WAY_OUT)
    return value


def text(args: dict, name: str, default: str = "") -> str:
    """A text. Raises UserError for anything else."""
    value = args.get(name, default)
    require_text(name, value)
    return value


def given(args: dict, name: str) -> Any:
    """An argument as the page sent it, None where it did not; the caller checks it."""
    return args.get(name)


def so_far(args: dict) -> int | None:
    """How many generated tokens the page has of the run it looks at; None for all there are."""
    return optional_integer(args, "n_steps")


def optional_integer(args: dict, name: str) -> int | None:
    """A whole number, or None where there is none."""
    return None if args.get(name) is None else integer(args, name)
