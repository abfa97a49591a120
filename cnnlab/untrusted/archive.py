"""Members of a tar archive, one after the other; nothing is unpacked to disk, and no more is read than is wanted.

Python's tarfile reads whatever an archive says of itself into memory, a name of a gigabyte too. Here a header is 512
bytes (POSIX 1003.1-1988, "ustar"), and what only renames or describes other members is passed by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO

from cnnlab.untrusted.files import Refused

BLOCK = 512
STEP = 1 << 20


def members(file: BinaryIO, wanted: Collection[str], largest: int) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the regular members whose last name is `wanted`. Raises Refused, OSError and EOFError."""
    while (header := file.read(BLOCK)) and header.strip(b"\0"):
        size, name = _size(header), header[:100].split(b"\0")[0].decode("utf-8", "replace")
        padded = -(-size // BLOCK) * BLOCK
        if header[156:157] not in (b"0", b"\0") or name.rsplit("/", 1)[-1] not in wanted:
            _pass(file, padded)
            continue
        if size > largest:
            raise Refused(f"{name} claims {size:,} bytes; {largest:,} are the most that it can have")
        content = file.read(size)
        if len(content) < size:
            raise EOFError(f"{name} is cut off")
        yield name, content
        _pass(file, padded - size)


def _size(header: bytes) -> int:
    if len(header) < BLOCK:
        raise Refused("it is cut off, or no tar archive")
    digits = header[124:136].strip(b"\0 ")
    if not digits or not all(48 <= digit < 56 for digit in digits) or not _is_sound(header):
        raise Refused("it is damaged, or no tar archive")
    return int(digits, 8)


def _is_sound(header: bytes) -> bool:
    """Whether the checksum holds: the sum of all bytes, its own taken for spaces."""
    recorded = header[148:156].strip(b"\0 ")
    sound = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    return recorded in (f"{sound:o}".encode(), f"{sound:06o}".encode())


def _pass(file: BinaryIO, count: int) -> None:
    while count > 0:
        block = file.read(min(count, STEP))
        if not block:
            raise EOFError("it is cut off")
        count -= len(block)
