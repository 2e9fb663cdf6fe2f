"""Reads what a safetensors file contains from its header, and checks that it is complete; weights are not read."""

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

from model.files.damaged import damaged
from model.files.stand_ins import refuse_stand_in
from model.request.errors import UserError

LONGEST_HEADER = 100_000_000  # safetensors' own limit


@dataclass(frozen=True)
class SafetensorsHeader:
    """The number of parameters in a file."""

    parameters: int


def read_safetensors(path: Path) -> SafetensorsHeader:
    """Reads the header of a safetensors file. Raises UserError if it is damaged, truncated, or something else."""
    refuse_stand_in(path)
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
        raise UserError(damaged(path, str(error))) from None
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise UserError(damaged(path, f"it has {size:,} bytes, its header says {expected:,}"))
    return SafetensorsHeader(parameters)
