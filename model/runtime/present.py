"""A value that may be None by its type, and cannot be by what was checked before."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value itself. Raises AssertionError if it is None after all: that is a fault of the caller."""
    assert value is not None, "a value that was checked to be there is missing"
    return value
