"""IDX, the format of MNIST: a header of sizes, then bytes; http://yann.lecun.com/exdb/mnist/. Plain or gzip."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.machine import too_much

RATIO = 1032
"""deflate never makes more of one byte (zlib's own figure)"""

LIMIT = 2 << 30
"""bytes; the largest of the family, EMNIST by class, needs 0.6 GiB"""

STEP = 1 << 20


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The array of uint8 that a file holds, `ndim` axes.

    A header that claims more than the file can hold is refused before anything is allocated; no more is decompressed
    than the header claims.
    """
    with _opened(path) as file:
        sizes = _sizes(file, path, ndim)
        return _content(file, path, sizes)


def idx_sizes(path: Path, ndim: int) -> list[int]:
    """What the header of a file claims, as far as the file can hold it; no more is read."""
    with _opened(path) as file:
        return _sizes(file, path, ndim)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # pyright: ignore[reportReturnType]
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(Fault("data.dir", f"{path} cannot be read: {error}")) from None


def _sizes(file: BinaryIO, path: Path, ndim: int) -> list[int]:
    header = file.read(4 + 4 * ndim)
    if len(header) < 4 + 4 * ndim or header[:4] != bytes([0, 0, 8, ndim]):
        raise _fault(path, f"is not an IDX file of bytes with {ndim} axes")
    sizes = [int.from_bytes(header[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(ndim)]
    claimed, stored = prod(sizes), path.stat().st_size
    if not claimed:
        raise _fault(path, "holds nothing: a size in its header is 0")
    most = stored * RATIO if path.suffix == ".gz" else stored - len(header)
    if claimed > min(most, LIMIT):
        raise _fault(path, f"claims {claimed} bytes of images, more than its {stored} bytes can hold")
    if needed := too_much(claimed):
        raise _fault(path, f"would take {needed}")
    return sizes


def _content(file: BinaryIO, path: Path, sizes: list[int]) -> np.ndarray:
    claimed, have = prod(sizes), 0
    content = np.empty(claimed, np.uint8)  # which takes no memory before something is put there
    while have < claimed and (block := file.read(min(STEP, claimed - have))):
        content[have : have + len(block)] = np.frombuffer(block, np.uint8)
        have += len(block)
    if have < claimed:
        raise _fault(path, f"is cut off: {have} of {claimed} bytes are there")
    if file.read(1):
        raise _fault(path, f"goes on after the {claimed} bytes that its header claims")
    return content.reshape(sizes)


def _fault(path: Path, what: str) -> UserError:
    return UserError(Fault("data.dir", f"{path} {what}"))
