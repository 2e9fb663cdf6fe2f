"""Narrows an optional value that an earlier check has shown to be present."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value itself. Raises AssertionError if it is None, which is a bug of the caller."""
    assert value is not None, "a value that was checked to be there is missing"
    return value
