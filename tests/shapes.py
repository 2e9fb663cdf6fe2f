"""Whether an answer has exactly the shape that its type declares: every key, none besides, and kinds of value."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, is_typeddict

from jaxtyping import AbstractArray

from tools.payload_types import entries
from viz.wire.plain import Packed, Part, Plain, PlainWith


def faults(annotation: Any, value: Any, place: str = "answer") -> Iterator[str]:
    """What of `value` is not as declared, each with its place."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        yield from _closest([list(faults(choice, value, place)) for choice in arguments])
    elif origin is Literal:
        if value not in arguments:
            yield f"{place} is {value!r:.40}, not one of {arguments}"
    elif _keys(annotation) is not None:
        yield from _object(_keys(annotation), value, place)
    elif origin is tuple and arguments[-1] is not ...:
        yield from _list(arguments, value, place)
    elif origin in (list, tuple):
        yield from _list(arguments[:1] * len(value) if isinstance(value, list | tuple) else (), value, place)
    elif origin is dict:
        yield from _mapping(arguments, value, place)
    elif annotation not in (object, Any):
        yield from _scalar(annotation, value, place)


def _keys(annotation: Any) -> dict[str, Any] | None:
    """The declared keys of an object that has such."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is PlainWith:
        return entries(arguments[0]) | entries(arguments[1])
    if origin is Part:
        return {key: NotRequired[of] for key, of in entries(arguments[0]).items()}
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return entries(Packed)
    found = arguments[0] if origin is Plain else annotation
    return entries(found) if is_typeddict(found) or is_dataclass(found) else None


def _object(keys: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is a {type(value).__name__}, not an object"
        return
    needed = {key for key, annotation in keys.items() if get_origin(annotation) is not NotRequired}
    yield from (f"{place} has no {key!r}" for key in sorted(needed - value.keys()))
    yield from (f"{place} has {key!r}, which its type does not declare" for key in sorted(value.keys() - keys))
    for key in keys.keys() & value.keys():
        annotation = get_args(keys[key])[0] if get_origin(keys[key]) is NotRequired else keys[key]
        yield from faults(annotation, value[key], f"{place}.{key}")


def _list(items: tuple[Any, ...], value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list | tuple) or len(value) != len(items):
        yield f"{place} is {value!r:.40}, not a list of {len(items)}"
        return
    for index, (annotation, item) in enumerate(zip(items, value, strict=True)):
        yield from faults(annotation, item, f"{place}[{index}]")


def _mapping(arguments: tuple[Any, Any], value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is a {type(value).__name__}, not an object"
        return
    for key, item in value.items():
        yield from _scalar(arguments[0], key, f"a key of {place}")
        yield from faults(arguments[1], item, f"{place}[{key!r}]")


def _scalar(annotation: type, value: Any, place: str) -> Iterator[str]:
    kinds = {float: (float, int), bytes: (list,), NoneType: (NoneType,)}.get(annotation, (annotation,))
    # A bool is an int to Python and none to the scripts.
    if not isinstance(value, kinds) or isinstance(value, bool) and annotation is not bool:
        yield f"{place} is {value!r:.40}, not {annotation.__name__}"


def _closest(found: list[list[str]]) -> list[str]:
    return min(found, key=len)
