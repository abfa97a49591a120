"""torch's files looked through before torch opens them: what they ask for, and whether they hold what they claim.

torch.load(weights_only=True) runs nothing, but believes numbers: thirty bytes make a bytearray of 2 GiB (measured on
2.13), a zip may unpack to anything. Here the pickle in the file is read by stand-ins that make nothing, every claim is
compared with the bytes that are there, and what is neither a tensor nor plain data is refused. Two forms are known: the
zip of today, and the stream of pickles before torch 1.6.
"""

from __future__ import annotations

import io
import os
import pickle
import stat
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

from cnnlab.untrusted.files import Refused, bounded
from cnnlab.untrusted.machine import too_much

PICKLE = 64 << 20
"""bytes of the pickle itself, without the tensors' numbers; 100,000 tensors need 30 MB"""
NOT_TORCHS = "is not a file that torch.save has written, or it is damaged"
VALUES = 300_000
"""tensors and plain values; 2,000 layers with their optimiser's state need 40,000"""
PARTS = 200_000
"""members of a zip file"""
MAGIC = 0x1950A86A20F9469CFC6C
"""begins the older form"""

SIZES = {
    **{f"{name}Storage": 8 for name in ("Double", "Long", "ComplexFloat")},
    **{f"{name}Storage": 4 for name in ("Float", "Int", "QInt32")},
    **{f"{name}Storage": 2 for name in ("Half", "BFloat16", "Short")},
    **{f"{name}Storage": 1 for name in ("Char", "Byte", "Bool", "QInt8", "QUInt8", "Untyped")},
    "ComplexDoubleStorage": 16,
}
"""bytes of an element, by what torch calls its storage"""

NAMES = {
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128", "int64", "int32", "int16", "int8"),
    *("uint8", "bool", "per_tensor_affine", "per_tensor_symmetric", "strided", "sparse_coo"),
}
"""torch's own names that say what a tensor is like"""


class Foreign(Refused):
    """It asks for more than tensors and plain data: what it asks for could be code."""


@dataclass(frozen=True)
class Storage:
    """Stands in for a storage: what the pickle claims of it."""

    key: str
    count: int
    width: int

    @property
    def bytes(self) -> int:
        return self.count * self.width


class Tensor:
    """Stands in for a tensor that lies within its storage."""


def check(path: Path) -> None:
    """Raises Refused where a file is not what torch.save makes of tensors and plain data; OSError."""
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise Refused("is no regular file")
        if demand := too_much(about.st_size):
            raise Refused(f"would take {demand}")
        try:
            (_zipped if file.read(4) == b"PK\x03\x04" else _stream)(file, about.st_size)
        except (Refused, OSError):
            raise
        except Exception as error:  # a broken pickle, or zip, raises nearly anything
            raise Refused(NOT_TORCHS) from error


def _zipped(file: IO[bytes], length: int) -> None:
    with zipfile.ZipFile(file) as archive:
        parts = {part.filename: part for part in archive.infolist()}
        if len(archive.infolist()) > PARTS or len(parts) != len(archive.infolist()):
            raise Refused("has parts of one name, or too many of them")
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts.values()):
            raise Refused("has compressed parts, as torch never writes them")
        if sum(part.file_size for part in parts.values()) > length:
            raise Refused(f"claims to hold more than its {length:,} bytes")
        names = [name for name in parts if name.count("/") == 1 and name.endswith("/data.pkl")]
        root = names[0].partition("/")[0] if len(names) == 1 else ""
        if not root or any(not name.startswith(f"{root}/") for name in parts):
            raise Refused(NOT_TORCHS)
        if f"{root}/constants.pkl" in parts or any(name.startswith(f"{root}/code/") for name in parts):
            raise Foreign("a program (TorchScript)")

        def storage(key: str, claimed: Storage) -> None:
            part = parts.get(f"{root}/data/{key}")
            if part is None or part.file_size != claimed.bytes:
                there = "nothing" if part is None else f"{part.file_size:,} bytes"
                raise Refused(f"claims {claimed.bytes:,} bytes for a tensor of which it holds {there}")

        if parts[names[0]].file_size > PICKLE:
            raise Refused("has a pickle larger than any network needs")
        raw = archive.read(names[0])
        _plain(_Unpickler(io.BytesIO(raw), storage).load())


def _stream(file: IO[bytes], length: int) -> None:
    """The form before torch 1.6: a few pickles one after the other, then the numbers."""
    claims: dict[str, Storage] = {}

    def storage(key: str, claimed: Storage) -> None:
        if claims.setdefault(key, claimed) != claimed:
            raise Refused("gives a storage two sizes")
        if sum(other.bytes for other in claims.values()) > length:
            raise Refused(f"claims to hold more than its {length:,} bytes")

    file.seek(0)
    head = file.read(64)
    if MAGIC.to_bytes(10, "little") not in head:
        file.seek(0)
        _plain(_Unpickler(io.BytesIO(file.read(PICKLE)), storage).load())  # whose other claims are told first
        raise Refused(NOT_TORCHS)
    file.seek(0)
    for _ in ("magic", "version", "system", "content", "keys"):
        _plain(_Unpickler(file, storage).load())


def _plain(value: Any) -> None:
    bounded(value, (Tensor, Storage), VALUES)


# -- what a pickle may ask for


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or not all(type(n) is int and n >= 0 for n in numbers):
        raise Refused("has a tensor without numbers")
    if len(size) != len(stride):
        raise Refused("has a tensor whose sizes and strides do not belong together")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if prod(size) and (last >= storage.count or prod(size) > storage.count):
        raise Refused(f"claims {prod(size):,} numbers for a tensor of which it holds {storage.count:,}")
    return Tensor()


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _sparse(layout: Any, data: Any) -> Tensor:
    return Tensor()


def _text(text: Any, encoding: Any = "latin1") -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise Foreign(f"the codec {encoding!r}")
    return text.encode("latin1")


ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_qtensor"): _tensor,
    ("torch._utils", "_rebuild_sparse_tensor"): _sparse,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch.serialization", "_get_layout"): str,
    ("torch", "Size"): tuple,
    ("_codecs", "encode"): _text,
}


class _Unpickler(pickle._Unpickler):  # pyright: ignore[reportAttributeAccessIssue]
    """Python's own, not C's: there one opcode of five bytes can claim a memo of 64 GiB."""

    def __init__(self, file: IO[bytes], storage: Callable[[str, Storage], None]):
        super().__init__(file, encoding="latin1")
        self.storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        if module == "torch" and name in SIZES:
            return SIZES[name]
        if module == "torch" and name in NAMES:
            return name
        if (module, name) == ("torch.storage", "UntypedStorage"):
            return 1
        raise Foreign(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Storage:
        if not isinstance(pid, tuple):
            raise Refused(NOT_TORCHS)
        if len(pid) not in (5, 6) or pid[0] != "storage":
            raise Foreign("something outside")
        _, width, key, _, count = pid[:5]
        if type(width) is not int or type(count) is not int or count < 0 or not isinstance(key, str | int):
            raise Refused("has a storage without a size")
        storage = Storage(str(key), count, width)
        self.storage(storage.key, storage)
        return storage
