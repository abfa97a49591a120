"""Durable files: after a crash a reader finds the old content or the new one, never a mixture.

The order is the whole trick: content to disk, then the name, then the folder that holds the name. Everything here
raises OSError as the system gave it (a full disk is ENOSPC).
"""

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cnnlab.untrusted.files import LINES, parse_json, read_bytes

_LEFTOVER = re.compile(r"\..+\.\d+-\d+\.part")


def write(path: Path | str, content: bytes | str) -> None:
    """Put `content` at `path`, replacing what was there; text is UTF-8."""
    data = _encoded(content) if isinstance(content, str) else content
    with replacing(Path(path)) as temporary:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            _write_all(fd, data)
        finally:
            os.close(fd)


def write_json(path: Path | str, value: Any) -> None:
    """`value` as indented JSON, its keys in their order; ValueError for NaN and infinity, which JSON does not know."""
    write(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def append_line(path: Path | str, record: dict[str, Any]) -> None:
    """Add `record` as one line of JSON; what a crash left of an unfinished line before it is cut off first."""
    line = _encoded(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    path = Path(path)
    new = not path.exists()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        _cut_torn_line(fd)
        _write_all(fd, line)
        os.fsync(fd)
    finally:
        os.close(fd)
    if new:
        _sync(path.parent)


def read_lines(path: Path | str) -> list[dict[str, Any]]:
    """The records of a file of JSON lines; a missing file has none. ValueError names the first line that is broken."""
    try:
        records, error = parse_lines(read_bytes(path, LINES))
    except FileNotFoundError:
        return []
    if error:
        raise error
    return records


def parse_lines(raw: bytes) -> tuple[list[dict[str, Any]], ValueError | None]:
    """The records before the first broken line, and what is wrong with that one.

    A last line without its newline was never finished and does not count.
    """
    records: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        try:
            record = parse_json(line)
        except ValueError as error:
            return records, ValueError(f"line {number} is not JSON ({error})")
        if not isinstance(record, dict):
            return records, ValueError(f"line {number} is not a JSON object")
        records.append(record)
    return records, None


def copy(source: Path | str, target: Path | str) -> None:
    """Make `target` a file of its own with the content of `source`."""
    with replacing(Path(target)) as temporary:
        shutil.copyfile(source, temporary)


def make_folder(path: Path | str) -> None:
    """Make a folder, unless it is there, and see to it that its name is on the disk: else those in it are no use."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    for above in path.absolute().parents[:3]:  # of a sweep's job: the sweep's, `outputs`, and where that was made
        with suppress(OSError):  # not ours to read, and so not made by us
            _sync(above)


def clear_leftovers(folder: Path | str) -> None:
    """Remove the temporary files of writers that were killed; only for who holds the folder's lock."""
    for path in Path(folder).glob(".*.part"):
        if _LEFTOVER.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A name beside `target` (the same filesystem, so the rename is atomic) that takes its place at the end."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield temporary
        _sync(temporary)  # content to disk before the name points to it
        os.replace(temporary, target)
    finally:
        # also after success: renaming one hard link onto another of the same file does nothing and leaves both
        temporary.unlink(missing_ok=True)
    _sync(target.parent)


def _encoded(text: str) -> bytes:
    # a file name that is no valid UTF-8 arrives as lone surrogates; their escapes are also JSON's
    return text.encode("utf-8", "backslashreplace")


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _cut_torn_line(fd: int) -> None:
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        os.ftruncate(fd, os.pread(fd, size, 0).rfind(b"\n") + 1)


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
