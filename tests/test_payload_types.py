"""The scripts' types are what the Python types give, and real answers have exactly the declared shapes."""

from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

import numpy as np
import pytest
from jaxtyping import Float

from tests.shapes import faults
from tools import payload_types
from tools.payload_types import Types, written
from viz.wire.plain import Packed, Part, Plain, PlainWith, plain, plain_with


@dataclass(frozen=True)
class Leaf:
    name: str
    raw: bytes
    passed: bool


@dataclass(frozen=True, eq=False)
class Tree:
    leaves: tuple[Leaf, ...]
    best: Leaf | None
    sizes: tuple[int, float]
    array: Float[np.ndarray, " n"]
    by_name: dict[str, tuple[int, ...]]


class Planted(TypedDict):
    best: Literal["first", "last"]
    height: NotRequired[float]
    leaf: Part[Leaf]


TREE = Tree((Leaf("a", b"\x01\xff", True),), None, (1, 0.5), np.arange(2, dtype=np.float32), {"a": (1,)})


def lines(*annotations) -> str:
    types = Types()
    for annotation in (Packed, *annotations):
        types.add(annotation)
    return "\n".join(types.interfaces())


def test_a_record_is_written_field_by_field():
    assert lines(Plain[Tree]).endswith(
        """\
  interface Tree {
    leaves: Leaf[];
    best: Leaf | null;
    sizes: [number, number];
    array: Packed;
    by_name: Record<string, number[]>;
  }"""
    )


def test_what_is_added_to_a_record_takes_the_place_of_fields_of_the_same_name():
    found = lines(PlainWith[Tree, Planted])
    assert "    best: 'first' | 'last';\n" in found
    assert "    height?: number;\n    leaf: Partial<Leaf>;\n" in found
    assert "    leaves: Leaf[];\n" in found
    assert "interface Tree" not in found


def test_one_name_cannot_stand_for_two_shapes():
    types = Types()
    types.add(PlainWith[Tree, Planted])
    with pytest.raises(TypeError, match="Planted has two shapes"):
        types.add(Planted)


def test_classes_of_one_name_are_called_after_their_modules():
    first, second = (TypedDict("Share", {}) for _ in "xy")
    first.__module__, second.__module__ = "a.x", "a.y"
    types = Types()
    types.add(tuple[first, second])
    assert types.names() == {first: "XShare", second: "YShare"}


def test_what_has_no_form_in_the_scripts_is_refused():
    with pytest.raises(TypeError, match="has no form"):
        written(set[int], {})


def test_the_file_is_what_the_types_give(tmp_path, monkeypatch, capsys):
    assert payload_types.main(["--check"]) == 0
    changed = tmp_path / "types" / "payloads.d.ts"
    monkeypatch.setattr(payload_types, "FILE", changed)
    assert payload_types.main(["--check"]) == 1
    assert payload_types.COMMAND in capsys.readouterr().err
    assert payload_types.main([]) == 0
    changed.write_text(changed.read_text().replace("trace_key", "").replace("n_positions", "n_places"))
    assert payload_types.main(["--check"]) == 1


def test_a_record_as_json_has_the_declared_shape():
    assert plain(TREE)["leaves"] == [{"name": "a", "raw": [1, 255], "passed": True}]
    assert list(faults(Plain[Tree], plain(TREE))) == []
    planted = plain_with(TREE, Planted(best="last", leaf=Part(name="b")))
    assert list(faults(PlainWith[Tree, Planted], planted)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"best": "middle"}, "answer.best is 'middle', not one of ('first', 'last')"),
        ({"width": 1.0}, "answer has 'width', which its type does not declare"),
        ({"height": "tall"}, "answer.height is 'tall', not float"),
        ({"leaf": {"passed": 1}}, "answer.leaf.passed is 1, not bool"),
        ({"leaves": [{"name": "a", "raw": [], "past": True}]}, "answer.leaves[0] has no 'passed'"),
    ],
)
def test_what_differs_from_the_declared_shape_is_named(change, fault):
    planted = plain_with(TREE, Planted(best="last", leaf=Part(name="b"))) | change
    assert fault in list(faults(PlainWith[Tree, Planted], planted))
