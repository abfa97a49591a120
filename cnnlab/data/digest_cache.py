"""Digests of data sets, kept: tables of files in `digests/` of the cache folder, a file for each state of each place.

    CACHE/digests/<hash of the place>/<digest>.json

The newest file of a place says what was there last; older ones, a few, say what an earlier run was trained on. What
cannot be read, or is not what such a file should be, is passed by: then the digest is worked out anew.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.data.file_table import DIGITS, FileTable
from cnnlab.untrusted.files import read_bytes

FOLDER = "digests"
VERSION = 1
KEPT = 8
"""states of a place"""
LARGEST = 1 << 30
"""bytes of a table; a million files need 150 MB"""
STATS = ("sizes", "mtimes", "ctimes", "inodes")
"""columns of a table that tell whether its files are unchanged"""


@dataclass(frozen=True)
class KeptDigest:
    """A digest with the files that it was worked out from."""

    digest: str
    files: FileTable


@dataclass(frozen=True)
class DigestCache:
    """The digests kept below a cache folder."""

    root: Path

    def newest(self, place: str) -> KeptDigest | None:
        """What was kept last of a place."""
        for file in self._states(self._folder(place)):
            if kept := _read(file):
                return kept
        return None

    def find(self, digest: str) -> KeptDigest | None:
        """What was kept of a digest, wherever its files lay."""
        with suppress(OSError):
            for folder in (self.root / FOLDER).iterdir():
                if kept := _read(folder / f"{digest}.json"):
                    return kept
        return None

    def keep(self, place: str, kept: KeptDigest) -> None:
        """OSError where it cannot be written."""
        folder, table = self._folder(place), kept.files
        folder.mkdir(parents=True, exist_ok=True)
        columns = dict(zip(STATS, zip(*table.stats, strict=True) if table.stats else ((),) * 4, strict=True))
        known = {"version": VERSION, "digest": kept.digest, "names": table.names, **columns, "hashes": table.hashes}
        _write(folder / f"{kept.digest}.json", json.dumps(known, separators=(",", ":")))
        for file in self._states(folder)[KEPT:]:
            file.unlink(missing_ok=True)

    def _folder(self, place: str) -> Path:
        return self.root / FOLDER / place

    def _states(self, folder: Path) -> list[Path]:
        """The files of a place, the newest first."""
        dated: list[tuple[int, Path]] = []
        with suppress(OSError):
            for file in folder.glob("*.json"):
                with suppress(OSError):  # another process has just removed it
                    dated.append((file.stat().st_mtime_ns, file))
        return [file for _, file in sorted(dated, reverse=True)]


def _read(file: Path) -> KeptDigest | None:
    try:
        return _checked(json.loads(read_bytes(file, LARGEST)), file.stem)
    except (OSError, ValueError, RecursionError, MemoryError):
        return None


def _checked(raw: Any, digest: str) -> KeptDigest | None:
    """None for what is no table of the digest that the file is named by."""
    if not isinstance(raw, Mapping) or raw.get("version") != VERSION or raw.get("digest") != digest:
        return None
    texts = [raw.get("names"), raw.get("hashes")]
    numbers = [raw.get(name) for name in STATS]
    sound = (
        re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", digest) is not None
        and all(isinstance(column, list) and len(column) == len(texts[0] or ()) for column in (*texts, *numbers))
        and all(type(text) is str for column in texts for text in column or ())
        and all(type(number) is int for column in numbers for number in column or ())
    )
    if not sound:
        return None
    names, hashes = (tuple(column or ()) for column in texts)
    return KeptDigest(digest, FileTable(names, tuple(zip(*numbers, strict=True)), hashes))  # type: ignore[arg-type]


def _write(file: Path, text: str) -> None:
    """Readers find the old file or the new one. No fsync: a file that a crash cut off is passed by."""
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as target:
            target.write(text)
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
