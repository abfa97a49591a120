"""How much of a file is read at all: regular files only, no longer than their kind can be."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

RECORD = 16 << 20
"""bytes of a record, such as sweep.json; 10,000 jobs need 5 MB"""
LINES = 64 << 20
"""bytes of metrics.jsonl; 100,000 epochs need 30 MB"""
CONFIG = 1 << 20
"""bytes of a run's config.yaml; the largest network that ships needs 20 kB"""
DEEPEST = 64
"""levels of plain data"""
MOST = 2_000_000
"""values in plain data"""
LONGEST_NUMBER = 40
"""digits; what has more is read as a float"""


class Refused(ValueError):
    """The file is not what such a file can be; the message is what follows its name in a sentence."""


def read_bytes(path: Path | str, most: int = RECORD) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError and Refused.

    A pipe or a device would never end, or never begin; the size is looked at before anything is allocated.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    about = os.fstat(fd)
    if not stat.S_ISREG(about.st_mode):
        os.close(fd)
        raise Refused("is no regular file")
    with os.fdopen(fd, "rb") as file:
        if about.st_size <= most:
            raw = file.read(most + 1)  # more than its size says comes of files that are not on a disk
            if len(raw) <= most:
                return raw
    raise Refused(f"has more than {most:,} bytes, which no such file needs")


def read_json(path: Path | str, most: int = RECORD) -> Any:
    """What a file of JSON holds. Raises OSError and ValueError."""
    return parse_json(read_bytes(path, most))


def parse_json(raw: bytes | str) -> Any:
    """Raises ValueError, also for what is nested too deeply to be walked through, and for NaN and infinities."""
    try:
        return bounded(json.loads(raw, parse_int=_number, parse_float=_finite, parse_constant=_finite))
    except RecursionError:
        raise Refused("is nested too deeply") from None


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else _finite(digits)


def _finite(digits: str) -> float:
    """Of a number as it is written: Python's json knows NaN and Infinity, JSON does not, and 1e999 is one of them."""
    if math.isfinite(value := float(digits)):
        return value
    raise Refused(f"has {digits[:20]} in it, which is no number of JSON's")


def bounded(value: Any, kinds: tuple[type, ...] = (), most: int = MOST) -> Any:
    """`value`, if it is plain data of a size that can be walked through. Raises Refused.

    What occurs twice counts twice, as it would in a file. Objects of other `kinds` are let through as they are.
    """
    waiting, count = [(value, 1)], 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if depth > DEEPEST:
            raise Refused(f"is nested more than {DEEPEST} levels deep")
        if count > most:
            raise Refused(f"has more than {most:,} values")
        if isinstance(part, dict):
            if not all(isinstance(key, str | int | float | bool | None) for key in part):
                raise Refused("has names that are no words")
            waiting += ((inner, depth + 1) for inner in part.values())
        elif isinstance(part, list | tuple):
            waiting += ((inner, depth + 1) for inner in part)
        elif part is not None and not isinstance(part, (str, bytes, int, float, *kinds)):
            raise Refused(f"has a {type(part).__name__} in it")
    return value
