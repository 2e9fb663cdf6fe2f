"""JSON from a visitor to typed values: depth, numbers and types are checked here, before anything else reads it."""

import json
import math
import re
from typing import Any, TypeVar

import msgspec

from model.request.errors import UserError
from model.request.validate import shorten

T = TypeVar("T")

# The deepest thing that a page sends is a trace file, with seven levels in its request.
MOST_LEVELS = 32
# Beyond this a script cannot tell a whole number from the next.
LARGEST = 2**53 - 1
WAY_OUT = "Reload the page."
TOO_DEEP = f"The request is nested too deep; {MOST_LEVELS} levels are the limit. {WAY_OUT}"

# As msgspec names the types.
NAMES = {
    "object": "an object",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}


def parse(text: str | bytes) -> Any:
    """What a JSON text holds. Raises UserError for what is no JSON, or is nested too deep."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise UserError(TOO_DEEP) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The request is not JSON ({error!s:.120}). {WAY_OUT}") from None
    except ValueError:
        raise UserError(
            f"The request holds a number of too many digits; the largest is {LARGEST:,}. {WAY_OUT}"
        ) from None
    check_bounds(value)
    return value


def check_bounds(value: Any) -> None:
    """Raises UserError for a value from JSON that is nested too deep, or holds a number that no page sends."""
    level = [value]
    for _ in range(MOST_LEVELS):
        if not level:
            return
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise UserError(TOO_DEEP)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"The request holds the number {value}; numbers must be finite. {WAY_OUT}")
    if isinstance(value, int) and abs(value) > LARGEST:
        digits = len(f"{value:x}")
        raise UserError(
            f"The request holds a whole number of {digits} hex digits; the largest is {LARGEST:,}. {WAY_OUT}"
        )
    return []


def typed(value: Any, kind: type[T], what: str = "request") -> T:
    """A value from JSON as `kind`, strictly: no text becomes a number. Raises UserError that names what is wrong."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UserError(f"{_sentence(str(error), value, what)} {WAY_OUT}") from None
    except UnicodeEncodeError as error:
        half = f"half of a surrogate pair (U+{ord(error.object[error.start]):04X})"
        raise UserError(f"The {what} has {half}, which no text can hold. {WAY_OUT}") from None


def _sentence(error: str, value: Any, what: str) -> str:
    """msgspec's error in the page's words: it says what was expected and where, and this adds the value."""
    said, _, place = error.partition(" - at `$")
    if missing := re.search("missing required field `(.+)`", said):
        return f"The {what} has no {missing[1]!r}."
    path = place.rstrip("`").strip(".")
    name = path or f"The {what}"
    found = _at(value, path)
    if expected := re.fullmatch(r"Expected (.+?)(, got .+)?", said):
        wanted = re.sub(r"`([^`]+)`", lambda names: _named(names[1]), expected[1])
        return f"{name} is {shorten(found)}; it must be {wanted}."
    return f"{name} is {shorten(found)}, which is not known here."


def _named(names: str) -> str:
    return " or ".join(NAMES.get(name, name) for name in names.split(" | "))


def _at(value: Any, path: str) -> Any:
    """The value at a path such as `args.requests`; where the path goes through a list or a key, all from there on."""
    for name in filter(None, path.split(".")):
        if not isinstance(value, dict) or name not in value:
            break
        value = value[name]
    return value
