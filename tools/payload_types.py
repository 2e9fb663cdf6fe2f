"""The types of all that travels to the page's scripts, from Python to assets/js/types/payloads.d.ts.

`python -m tools.payload_types` writes the file, `--check` says whether it is what it would write.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from jaxtyping import AbstractArray

from model.records.progress import Progress
from viz.config import PageConfig
from viz.stages import all_jobs, all_views
from viz.wire.plain import Packed, Part, Plain, PlainWith
from viz.wire.standing import Failure, Standing

FILE = Path(__file__).resolve().parent.parent / "assets" / "js" / "types" / "payloads.d.ts"
COMMAND = "python -m tools.payload_types"
HEAD = f"""// Made by `{COMMAND}` from the types of the answers in viz/: do not edit.
// A number that is not finite arrives as null.
"""
PLAIN = {int: "number", float: "number", bool: "boolean", str: "string", bytes: "number[]", NoneType: "null"}


class Types:
    """Interfaces for whatever is asked of it, each once, under a name of its own."""

    def __init__(self):
        self.classes: dict[type, dict[str, Any]] = {}

    def add(self, annotation: Any) -> None:
        """Takes in every class that a type is made of."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is PlainWith:
            record, more = arguments
            self._add_class(more, entries(record) | entries(more))
        elif is_typeddict(annotation) or is_dataclass(annotation):
            self._add_class(annotation, entries(annotation))
        elif origin is not Literal:
            for argument in arguments:
                self.add(argument)

    def _add_class(self, found: type, of: dict[str, Any]) -> None:
        if found in self.classes:
            if self.classes[found] != of:
                raise TypeError(f"{found.__name__} has two shapes: with a record and without, or with two records")
            return
        self.classes[found] = of
        for annotation in of.values():
            self.add(annotation)

    def names(self) -> dict[type, str]:
        """The name of each class; where two are called alike, behind that of its module."""
        alike = defaultdict(list)
        for found in self.classes:
            alike[found.__name__].append(found)
        return {
            found: name if len(group) == 1 else found.__module__.split(".")[-1].title() + name
            for name, group in alike.items()
            for found in group
        }

    def interfaces(self) -> Iterator[str]:
        """Every interface, by name."""
        names = self.names()
        for found, name in sorted(names.items(), key=lambda item: item[1]):
            yield interface(name, self.classes[found], names)


def entries(found: type) -> dict[str, Any]:
    """The fields of a record, or the keys of a TypedDict, with their types."""
    hints = get_type_hints(found, include_extras=True)
    return {field.name: hints[field.name] for field in fields(found)} if is_dataclass(found) else hints


def written(annotation: Any, names: Mapping[type, str]) -> str:
    """A type in TypeScript."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    if annotation in names:
        return names[annotation]
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return names[Packed]
    if annotation in (Any, object):
        return "unknown"
    return _composed(annotation, names)


def _composed(annotation: Any, names: Mapping[type, str]) -> str:
    """A type made of others."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(f"'{value}'" for value in arguments)
    if origin in (Plain, PlainWith):
        return names[arguments[-1]]
    parts = [written(argument, names) for argument in arguments if argument is not ...]
    if origin in (Union, UnionType):
        return " | ".join(parts)
    if origin is list or origin is tuple and arguments[-1] is ...:
        return f"({parts[0]})[]" if " | " in parts[0] else f"{parts[0]}[]"
    form = {tuple: "[{}]", dict: "Record<{}>", Part: "Partial<{}>"}.get(origin)
    if form is None:
        raise TypeError(f"{annotation} has no form in the scripts' types")
    return form.format(", ".join(parts))


def interface(head: str, of: Mapping[str, Any], names: Mapping[type, str]) -> str:
    """One interface."""
    lines = []
    for key, annotation in of.items():
        optional = get_origin(annotation) is NotRequired
        inner = get_args(annotation)[0] if optional else annotation
        lines.append(f"    {key}{'?' if optional else ''}: {written(inner, names)};")
    return "\n".join([f"  interface {head} {{", *lines, "  }"])


def view_answer(view: Callable) -> Any:
    """What a view answers."""
    return view.__annotations__["return"]


def job_answer(job: Callable) -> Any:
    """What a job finds: all that it gives but progress."""
    (given,) = get_args(job.__annotations__["return"])
    (found,) = (item for item in get_args(given) if item is not Progress)
    return found


def text() -> str:
    """The whole file."""
    views = {name: view_answer(view) for name, view in sorted(all_views().items())}
    jobs = {name: job_answer(job) for name, job in sorted(all_jobs().items())}
    types = Types()
    for root in (Packed, PageConfig, Failure, Standing, *views.values(), *jobs.values()):
        types.add(root)
    names = types.names()
    parts = [
        interface("Views", views, names),
        interface("Jobs", jobs, names),
        f"  type Standing = {written(Standing, names)};",
        *types.interfaces(),
    ]
    return HEAD + "\ndeclare namespace Payload {\n" + "\n\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Writes the file, or with --check compares it."""
    made = text()
    if arguments == ["--check"]:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{FILE.name} is not what the Python types give. Make it anew: {COMMAND}", file=sys.stderr)
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
