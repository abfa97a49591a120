"""A process that dies at an operation on the disk, and what the disk holds then.

For the torture: called in a child before it trains.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnlab.tracking import durable
from cnnlab.training import checkpoint_callback

OPERATIONS = ("fsync", "replace", "unlink", "link", "ftruncate", "write", "open")


def count_operations(file: Path) -> None:
    """Add a byte to `file` for each operation."""
    with file.open("ab", buffering=0) as counted:
        counter = os.dup(counted.fileno())
    each_operation(lambda inner, args: os.write(counter, b"."))


def die_before(point: int) -> None:
    """SIGKILL before operation `point`; where that is a write, after half of it."""
    counter = iter(range(10**9))

    def fatal(inner: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if next(counter) == point:
            if inner.__name__ == "write":
                inner(args[0], bytes(args[1])[: len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    each_operation(fatal)


def power_fails_before(point: int, folder: Path, reached: Path) -> None:
    """SIGKILL there, and `folder` is left with what is certain to be on its disk; `reached`: with how many epochs."""
    counter, kept = iter(range(10**9)), Synced()

    def fatal(inner: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if next(counter) == point:
            rows = folder / "metrics.jsonl"
            reached.write_text(str(rows.read_bytes().count(b"\n") if rows.exists() else 0))
            kept.restore(folder)
            os.kill(os.getpid(), signal.SIGKILL)
        match inner.__name__:
            case "fsync":
                kept.sync(Path(os.readlink(f"/proc/self/fd/{args[0]}")))
            case "replace" | "unlink":
                kept.forget(Path(args[-1]))

    each_operation(fatal)


class Synced:
    """What a disk holds for certain: the content of files that were synced, under names whose folder was.

    No file system keeps less. A name that is there of a file that was never synced is that of an empty one.
    """

    def __init__(self) -> None:
        self.content: dict[int, bytes] = {}
        """inode -> as it was last synced"""
        self.names: dict[Path, dict[str, tuple[int, bytes | None]]] = {}
        """folder -> name -> inode and content, None for a folder, as they were last synced"""

    def sync(self, path: Path) -> None:
        if path.is_dir():
            found = self.names[path] = {}
            for file in path.iterdir():
                inode = file.stat().st_ino
                found[file.name] = (inode, None if file.is_dir() else self.content.get(inode, b""))
            return
        inode, content = path.stat().st_ino, path.read_bytes()
        self.content[inode] = content
        known = self.names.get(path.parent, {})
        if known.get(path.name, (None, None))[0] == inode:
            known[path.name] = (inode, content)

    def forget(self, path: Path) -> None:
        """A name is to go: another file may get its inode."""
        if path.exists():
            self.content.pop(path.stat().st_ino, None)

    def restore(self, folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        for name, (_, content) in self.names.get(folder, {}).items():
            if content is None:
                (folder / name).mkdir()
                self.restore(folder / name)
            else:
                (folder / name).write_bytes(content)


def each_operation(before: Callable[[Callable[..., Any], tuple[Any, ...]], object]) -> None:
    """Have `before` called before every operation of cnnlab's writers, with its function and its arguments."""

    def announced(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            before(inner, args)
            return inner(*args, **options)

        return call

    class Os:
        """`os` as cnnlab's writers see it."""

        def __getattr__(self, name: str) -> Any:
            value = getattr(os, name)
            return announced(value) if name in OPERATIONS else value

    durable.os = checkpoint_callback.os = Os()  # type: ignore[assignment]
