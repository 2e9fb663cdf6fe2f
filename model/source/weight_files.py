"""Reads what weight files contain from their headers, and checks that they are complete; weights are not read."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import BinaryIO

from model.request.errors import UserError

LONGEST_HEADER = 100_000_000  # safetensors' own limit
# GGUF's value types by number, with struct letters for the plain ones; 7 is a bool, 8 a string, 9 a list.
GGUF_PLAIN = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
GGUF_STRING, GGUF_LIST = 8, 9
# Longer lists (the vocabulary) are skipped.
KEPT_ITEMS = 16


@dataclass(frozen=True)
class WeightsHeader:
    """The number of parameters in a file, and the metadata in its header."""

    parameters: int
    metadata: dict = field(default_factory=dict)


def read_safetensors(path: Path) -> WeightsHeader:
    """Reads the header of a safetensors file. Raises UserError if it is damaged or truncated."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, LONGEST_HEADER):
                raise ValueError(f"its header claims {length:,} bytes")
            tensors = json.loads(file.read(length))
        tensors.pop("__metadata__", None)
        ends = [int(tensor["data_offsets"][1]) for tensor in tensors.values()]
        parameters = sum(prod(tensor["shape"]) for tensor in tensors.values())
    except (ValueError, struct.error, LookupError, TypeError, AttributeError) as error:
        raise UserError(_damaged(path, str(error))) from None
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise UserError(_damaged(path, f"it has {size:,} bytes, its header says {expected:,}"))
    return WeightsHeader(parameters)


def read_gguf(path: Path) -> WeightsHeader:
    """Reads the header of a GGUF, without long lists. Raises UserError if the file is damaged or truncated."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ValueError("it does not begin with 'GGUF'")
            version, n_tensors, n_values = struct.unpack("<IQQ", file.read(20))
            if version not in (2, 3):
                raise ValueError(f"its version is {version}; 2 and 3 can be read")
            metadata = dict(_entry(file) for _ in range(n_values))
            tensors = [_tensor(file) for _ in range(n_tensors)]
            alignment = int(str(metadata.get("general.alignment", 32)))
            start = -(-file.tell() // alignment) * alignment
    except (ValueError, struct.error, LookupError, TypeError, MemoryError, OverflowError, ZeroDivisionError) as error:
        raise UserError(_damaged(path, str(error))) from None
    expected = start + max((offset + n_bytes for _, offset, n_bytes in tensors), default=0)
    if size < expected:
        raise UserError(_damaged(path, f"it has {size:,} bytes, its header says {expected:,}"))
    return WeightsHeader(sum(n for n, _, _ in tensors), metadata)


def _entry(file: BinaryIO) -> tuple[str, object]:
    name = _string(file)
    return name, _value(file, _plain(file, "I"))


def _value(file: BinaryIO, kind: int):
    if kind == GGUF_STRING:
        return _string(file)
    if kind != GGUF_LIST:
        return _plain(file, GGUF_PLAIN[kind])
    item_kind, count = struct.unpack("<IQ", file.read(12))
    if item_kind in GGUF_PLAIN and count > KEPT_ITEMS:
        file.seek(count * struct.calcsize(GGUF_PLAIN[item_kind]), 1)
        return None
    items: Iterator = (_value(file, item_kind) for _ in range(count))
    if count <= KEPT_ITEMS:
        return list(items)
    for _ in items:
        pass
    return None


def _string(file: BinaryIO) -> str:
    length = _plain(file, "Q")
    text = file.read(min(length, LONGEST_HEADER))
    if len(text) != length:
        raise ValueError("it ends inside its header")
    return text.decode("utf-8", "replace")


def _plain(file: BinaryIO, letter: str):
    letter = f"<{letter}"
    return struct.unpack(letter, file.read(struct.calcsize(letter)))[0]


def _tensor(file: BinaryIO) -> tuple[int, int, int]:
    """Returns (number of parameters, offset, size in bytes) of one tensor."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    _string(file)
    shape = struct.unpack(f"<{(rank := _plain(file, 'I'))}Q", file.read(8 * rank))
    kind, offset = struct.unpack("<IQ", file.read(12))
    block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    return prod(shape), offset, prod(shape) // block * block_bytes


def _damaged(path: Path, why: str) -> str:
    return f"{path.name} is damaged or cut short: {why[:200]}. Delete it and fetch it again, or choose another model."
