"""Files of safetensors: a header of JSON, then the numbers. Nothing in them can run; what the header claims is checked.

The format is eight bytes with the header's length (little-endian), the header
`{"NAME": {"dtype": "F32", "shape": [6, 1, 5, 5], "data_offsets": [0, 600]}, "__metadata__": {…}}`, and the tensors one
after the other. That is little enough to be read here, without a package: https://github.com/huggingface/safetensors
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

from cnnlab.untrusted.files import Refused, parse_json
from cnnlab.untrusted.machine import too_much

HEADER = 16 << 20
"""bytes of a header; 2,000 layers need 1 MB"""
AXES = 8
"""of a tensor"""
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""bytes of an element, by what the format calls its type"""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor's place in a file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    """byte of the file"""
    length: int


def is_safetensors(path: Path) -> bool:
    """Whether a file looks like one, by its content. OSError."""
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= path.stat().st_size - 8


def read_header(path: Path) -> dict[str, StoredTensor]:
    """The tensors that a file holds. Raises Refused where it claims what it does not hold; OSError."""
    size = path.stat().st_size
    if problem := too_much(size):
        raise Refused(f"would take {problem}")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(HEADER, size - 8):
            raise Refused(f"claims a header of {length:,} bytes")
        try:
            header = parse_json(file.read(length))
        except Refused:
            raise
        except ValueError:
            raise Refused("has a header that is no JSON, or it is damaged") from None
    if not isinstance(header, dict):
        raise Refused("has a header without names")
    begin = 8 + length
    tensors = {name: _stored(name, entry, begin, size) for name, entry in header.items() if name != "__metadata__"}
    if sum(tensor.length for tensor in tensors.values()) > size - begin:
        raise Refused(f"claims to hold more than its {size:,} bytes")
    return tensors


def _stored(name: str, entry: Any, begin: int, size: int) -> StoredTensor:
    fields = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not _are_counts(shape, AXES) or not _are_counts(offsets, 2) or len(offsets) != 2:
        raise Refused(f"has no shape, or no place, for {name[:60]!r}")
    if dtype not in WIDTHS:
        raise Refused(f"has numbers of a type that is not read here for {name[:60]!r}: {str(dtype)[:20]!r}")
    start, end = offsets
    if end - start != prod(shape) * WIDTHS[dtype] or begin + end > size:
        raise Refused(f"claims {prod(shape):,} numbers for {name[:60]!r}, of which it holds other ones")
    return StoredTensor(dtype, tuple(shape), begin + start, end - start)


def _are_counts(values: Any, most: int) -> TypeGuard[list[int]]:
    return isinstance(values, list) and len(values) <= most and all(type(n) is int and 0 <= n < 2**48 for n in values)
