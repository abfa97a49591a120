"""Reads CIFAR's pickles without running anything in them: plain values and arrays of uint8, all else is refused."""

import io
import math
import pickle
from typing import Any

import numpy as np


class NotAsPublished(Exception):
    """The content is not what such a file may hold."""


def read_pickle(content: bytes) -> Any:
    """Dictionaries, lists, bytes, text, numbers, and numpy arrays of uint8; NotAsPublished for any other object."""
    try:
        return _plain(_CifarUnpickler(io.BytesIO(content), encoding="bytes").load())
    except NotAsPublished:
        raise
    except Exception:  # a broken pickle raises nearly anything: IndexError, KeyError, MemoryError …
        raise NotAsPublished("it is a broken pickle") from None


class _Array:
    """Stands in for numpy's array while it is read; numpy's own code for pickles is never called."""

    value: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        if (
            not isinstance(dtype, _Uint8)
            or not isinstance(raw, bytes)
            or not all(type(n) is int and n >= 0 for n in shape)
        ):
            raise NotAsPublished("an array that is not of uint8")
        if math.prod(shape) != len(raw):
            raise NotAsPublished(f"an array of shape {tuple(shape)} with {len(raw)} bytes")
        # no copy: a pickle may name the same bytes a thousand times
        self.value = np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran else "C")


class _Uint8:
    """Stands in for the dtype uint8; its state (byte order and such) says nothing more."""

    def __init__(self, name: Any, *_: Any):
        if name not in ("u1", b"u1"):
            raise NotAsPublished("an array that is not of uint8")

    def __setstate__(self, state: Any) -> None:
        pass


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: Any, _: Any) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    return text.encode("latin1")


ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Uint8,
    ("_codecs", "encode"): _encode,
}


class _CifarUnpickler(pickle._Unpickler):  # pyright: ignore[reportAttributeAccessIssue]
    """Python's own, not C's: there one opcode of five bytes can claim a memo of 64 GiB. 0.3 s for all of CIFAR-10."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise NotAsPublished(f"it asks for {module}.{name}")
        return ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise NotAsPublished("it refers to something outside")


def _plain(value: Any, depth: int = 0) -> Any:
    """`value` with arrays for their stand-ins; NotAsPublished for what is not plain."""
    match value:
        case _Array(value=np.ndarray() as array):
            return array
        case dict() if depth < 3:
            return {key: _plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < 3:
            return [_plain(item, depth + 1) for item in value]
        case bytes() | str() | int() | float() | None:
            return value
    raise NotAsPublished(f"a {type(value).__name__.strip('_')} where plain values are expected")
