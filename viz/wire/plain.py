"""Records to plain JSON, in types from which the scripts' own are made (`python -m tools.payload_types`)."""

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Generic, Protocol, TypedDict, TypeVar

import numpy as np


class Record(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=Mapping[str, Any])


class Packed(TypedDict):
    """An array: little-endian base64, which `maths/arrays.js` unpacks."""

    dtype: str
    shape: list[int]
    data: str


class Plain(dict[str, Any], Generic[R]):
    """A record's fields by name: arrays packed, bytes as whole numbers, records inside it likewise."""


class PlainWith(dict[str, Any], Generic[R, M]):
    """The same with the entries of M, a TypedDict: more of them, or in place of a field of that name."""


class Part(dict[str, Any], Generic[R]):
    """Some of a record's fields by name."""


def plain(record: R) -> Plain[R]:
    """All fields of a record."""
    return Plain((field.name, _plain(getattr(record, field.name))) for field in fields(record))


def plain_with(record: R, more: M) -> PlainWith[R, M]:
    """The fields of a record that `more` has no entry for, and `more`."""
    kept = (field.name for field in fields(record) if field.name not in more)
    return PlainWith({name: _plain(getattr(record, name)) for name in kept} | dict(more))


def pack(array: np.ndarray) -> Packed:
    """An array as base64. Whole numbers of 64 bits go as 32: no id or position needs more, and half the text."""
    array = array.astype(np.int32) if array.dtype == np.int64 else array
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(value)
    if isinstance(value, np.ndarray):
        return pack(value)
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
