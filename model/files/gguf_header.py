"""Reads the header of a GGUF: its values, and the names and types of its tensors; weights are not read."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import BinaryIO

from model.files.damaged import damaged
from model.files.stand_ins import refuse_stand_in
from model.request.errors import UserError

# A name or a text of a header is no longer than this.
LONGEST_TEXT = 100_000_000
# GGUF's value types by number, with struct letters for the plain ones; 7 is a bool, 8 a string, 9 a list.
GGUF_PLAIN = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
GGUF_STRING, GGUF_LIST = 8, 9
# Longer lists are skipped: the vocabulary has more, a list with one number for each layer has fewer.
KEPT_ITEMS = 1000
VERSIONS = (2, 3)


@dataclass(frozen=True)
class GgufHeader:
    """The number of parameters, the values by key (None for a long list), and the type of each tensor by name.

    `tensors` is None where only the values are known, as of a file that is still on the Hub.
    """

    parameters: int
    metadata: dict = field(default_factory=dict)
    tensors: dict[str, str] | None = None


def read_gguf(path: Path) -> GgufHeader:
    """Reads the header of a GGUF. Raises UserError if the file is damaged, truncated, no GGUF or of another version."""
    refuse_stand_in(path)
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ValueError("it does not begin with 'GGUF'")
            version, n_tensors, n_values = struct.unpack("<IQQ", file.read(20))
            if version not in VERSIONS:
                why = _why_not(version)
                raise UserError(f"{path.name} cannot be read: {why}. Choose another GGUF of the model.")
            metadata = dict(_entry(file) for _ in range(n_values))
            tensors = [_tensor(file, path) for _ in range(n_tensors)]
            alignment = int(str(metadata.get("general.alignment", 32)))
            start = -(-file.tell() // alignment) * alignment
    except UserError:  # is a ValueError too, and says already what is wrong
        raise
    except (ValueError, struct.error, LookupError, TypeError, MemoryError, OverflowError, ZeroDivisionError) as error:
        raise UserError(damaged(path, str(error))) from None
    expected = start + max((tensor.offset + tensor.n_bytes for tensor in tensors), default=0)
    if size < expected:
        raise UserError(damaged(path, f"it has {size:,} bytes, its header says {expected:,}"))
    kinds = {tensor.name: tensor.kind for tensor in tensors}
    return GgufHeader(sum(tensor.parameters for tensor in tensors), metadata, kinds)


@dataclass(frozen=True)
class _Tensor:
    name: str
    kind: str
    parameters: int
    offset: int
    n_bytes: int


def _why_not(version: int) -> str:
    if version in [number << 24 for number in VERSIONS]:
        return "its numbers are in big-endian order, for other machines than this one"
    return f"its version is {version}; 2 and 3 can be read"


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
    text = file.read(min(length, LONGEST_TEXT))
    if len(text) != length:
        raise ValueError("it ends inside its header")
    return text.decode("utf-8", "replace")


def _plain(file: BinaryIO, letter: str):
    letter = f"<{letter}"
    return struct.unpack(letter, file.read(struct.calcsize(letter)))[0]


def _tensor(file: BinaryIO, path: Path) -> _Tensor:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    name = _string(file)
    shape = struct.unpack(f"<{(rank := _plain(file, 'I'))}Q", file.read(8 * rank))
    kind, offset = struct.unpack("<IQ", file.read(12))
    known = {one.value: one for one in GGMLQuantizationType}.get(kind)
    if known is None or not _can_be_read(known.name):
        raise UserError(
            f"{path.name} holds the tensor {name!r:.80} in the type {known.name if known else kind}, which the package "
            "gguf cannot turn into numbers. Choose the same model in another type, such as Q8_0, Q4_K_M or F16."
        )
    block, block_bytes = GGML_QUANT_SIZES[known]
    return _Tensor(name, known.name, prod(shape), offset, prod(shape) // block * block_bytes)


@cache
def _can_be_read(kind: str) -> bool:
    """Whether gguf dequantises a type: tried on one block, because the package has no list of those it can."""
    import numpy as np
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

    known = GGMLQuantizationType[kind]
    try:
        dequantize(np.zeros((1, GGML_QUANT_SIZES[known][1]), np.uint8), known)
    except NotImplementedError:
        return False
    return True
