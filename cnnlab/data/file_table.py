"""Files of a data set with what tells that they are unchanged, and the hash of what is in them.

A hash is trusted without reading the file again while size, mtime, ctime and inode are what they were. A file that was
changed less than two seconds before it was read could be changed once more within one tick of the file system's clock,
and look the same: such a file is read again the next time (as git does with what it calls racy entries).
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnnlab.untrusted.words import few

Stat = tuple[int, int, int, int]
"""size, mtime and ctime in nanoseconds, inode"""
UNSETTLED: Stat = (-1, -1, -1, -1)
"""in place of those of a file that has to be read again the next time"""
SETTLING = 2 * 10**9
"""nanoseconds; FAT's clock, the coarsest, counts in twos of seconds"""
DIGITS = 32
"""hex digits of a hash"""
THREADS = 8
BLOCK = 1 << 20

SourceFile = tuple[str, Path]
"""a file's path within the data set, with / between folders, and where it lies"""


@dataclass(frozen=True)
class FileTable:
    """Files of a data set as they were when they were read last."""

    names: tuple[str, ...]
    """paths within the data set"""
    stats: tuple[Stat, ...]
    hashes: tuple[str, ...]

    @cached_property
    def known(self) -> Mapping[str, tuple[Stat, str]]:
        return dict(zip(self.names, zip(self.stats, self.hashes, strict=True), strict=True))

    @cached_property
    def digest(self) -> str:
        """Of paths and contents: equal wherever the folder lies, whatever the order in which a disk lists it."""
        whole = hashlib.sha256(b"cnnlab files 1\n")
        named = ((composed(name), digest_of_file) for name, digest_of_file in zip(self.names, self.hashes, strict=True))
        for name, digest_of_file in sorted(named):
            whole.update(name.encode("utf-8", "surrogatepass") + b"\0" + digest_of_file.encode() + b"\n")
        return whole.hexdigest()[:DIGITS]


@dataclass(frozen=True)
class FileChanges:
    """How the files of a data set differ from an earlier state of it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[str, ...]
    """present names of files whose content was there before under another name, such as in another class"""
    changed: tuple[str, ...]

    @staticmethod
    def between(old: FileTable, new: FileTable) -> FileChanges:
        before, after = (
            {name: digest_of_file for name, (_, digest_of_file) in table.known.items()} for table in (old, new)
        )
        removed = [name for name in before if name not in after]
        lost, added, renamed = Counter(before[name] for name in removed), [], []
        for name in (name for name in after if name not in before):
            is_renamed = lost[after[name]] > 0
            lost[after[name]] -= is_renamed
            (renamed if is_renamed else added).append(name)
        gone = [name for name in removed if lost[before[name]] > 0 and _take(lost, before[name])]
        changed = [name for name in after if name in before and before[name] != after[name]]
        return FileChanges(*(tuple(sorted(names)) for names in (added, gone, renamed, changed)))

    def __str__(self) -> str:
        """Such as "3 removed (cat/1.png, cat/2.png, cat/3.png), 1 changed (dog/7.png)"."""
        kinds = (("removed", self.removed), ("added", self.added), ("renamed", self.renamed), ("changed", self.changed))
        return ", ".join(f"{len(names)} {kind} ({few(names)})" for kind, names in kinds if names)


def _take(counts: Counter[str], key: str) -> bool:
    counts[key] -= 1
    return True


def composed(name: str) -> str:
    """A name in Unicode's composed form: Macs write é in two characters, and a copy is still the same data."""
    return unicodedata.normalize("NFC", name)


def stat_of(path: Path | int) -> Stat:
    """OSError where there is no such file."""
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino


def is_settled(about: Stat, read: int) -> bool:
    """Whether a file that was read at `read` (nanoseconds) would look different if it were changed since."""
    _, mtime, ctime, _ = about
    return ctime < read - SETTLING and not read - SETTLING <= mtime <= read + SETTLING


def read_table(files: Sequence[SourceFile], old: FileTable | None, largest: int | None = None) -> FileTable:
    """The files as they are now; those that `old` knows and that seem unchanged are not read again.

    Of a file of more than `largest` bytes only that is kept: nobody reads it.
    """
    known = old.known if old else {}
    entries: list[tuple[Stat, str] | None] = [None] * len(files)
    for place, (name, path) in enumerate(files):
        about, digest_of_file = known.get(name, (UNSETTLED, ""))
        if about != UNSETTLED and about == _stat_if_there(path):
            entries[place] = about, digest_of_file
    waiting = [place for place, entry in enumerate(entries) if entry is None]
    chunks = [waiting[start :: THREADS * 4] for start in range(THREADS * 4)]

    def read(places: Iterable[int]) -> None:
        for place in places:
            entries[place] = _hashed(files[place][1], largest)

    if waiting:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(read, chunks))
    complete = [entry or (UNSETTLED, "") for entry in entries]
    names = tuple(name for name, _ in files)
    return FileTable(
        names, tuple(about for about, _ in complete), tuple(digest_of_file for _, digest_of_file in complete)
    )


def _stat_if_there(path: Path) -> Stat | None:
    try:
        return stat_of(path)
    except OSError:
        return None


def _hashed(path: Path, largest: int | None) -> tuple[Stat, str]:
    """What tells whether a file is unchanged, and its hash; of one that cannot be read, why."""
    read = time.time_ns()
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb", buffering=0) as file:
            about = os.fstat(file.fileno())
            before = stat_of(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return UNSETTLED, "no regular file"
            if largest is not None and about.st_size > largest:
                return before, f"more than {largest} bytes"
            whole = hashlib.sha256()
            while block := file.read(BLOCK):
                whole.update(block)
            settled = before == stat_of(file.fileno()) and is_settled(before, read)
    except OSError as error:
        return UNSETTLED, f"cannot be read ({error.errno})"
    return before if settled else UNSETTLED, whole.hexdigest()[:DIGITS]
