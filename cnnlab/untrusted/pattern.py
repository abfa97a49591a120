"""Files by a pattern such as `photos/*.png`, in folders whose names may look like patterns themselves."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cnnlab.untrusted.files import Refused

MOST = 100_000
"""names that are looked at; a folder of one's own has fewer, and `/proc/self/**` leads through the whole disk"""
ALL_BELOW = "**"
"""a folder and all below it"""


def matches(path: Path) -> list[Path]:
    """What `path` names, in ascending order: as far as its folders are there as they are written, `[` is a bracket.

    As in a shell, `*` passes names over that begin with a dot, and `**` follows no link to a folder. Raises Refused
    where more names would have to be looked at than MOST.
    """
    parts, there = path.parts, Path(path.anchor)
    known = 1 if path.anchor else 0
    while known < len(parts) and (there / parts[known]).is_dir():
        there /= parts[known]
        known += 1
    looked_at = 0

    def listed(folder: Path) -> Iterator[os.DirEntry[str]]:
        nonlocal looked_at
        try:
            entries = os.scandir(folder)
        except OSError:  # no folder, or not ours to read
            return
        with entries:
            for entry in entries:
                looked_at += 1
                if looked_at > MOST:
                    raise Refused(f"leads past more than {MOST:,} names; write a pattern that begins further in")
                yield entry

    return sorted(dict.fromkeys(_below([there], parts[known:], listed)))


def _below(
    folders: Iterable[Path], parts: tuple[str, ...], listed: Callable[[Path], Iterator[os.DirEntry[str]]]
) -> Iterable[Path]:
    """What the rest of a pattern names within `folders`."""
    for part in parts:
        if part == ALL_BELOW:
            folders = _tree(folders, listed)
        elif glob.has_magic(part):
            hidden = part.startswith(".")
            folders = [
                folder / entry.name
                for folder in folders
                for entry in listed(folder)
                if fnmatch.fnmatchcase(entry.name, part) and (hidden or not entry.name.startswith("."))
            ]
        else:
            folders = [inner for folder in folders if os.path.lexists(inner := folder / part)]
    return folders


def _tree(folders: Iterable[Path], listed: Callable[[Path], Iterator[os.DirEntry[str]]]) -> list[Path]:
    waiting = [*folders]
    found = []
    while waiting:
        folder = waiting.pop()
        found.append(folder)
        for entry in listed(folder):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(folder / entry.name)
            else:
                found.append(folder / entry.name)
    return found
