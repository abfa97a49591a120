"""wandb.json in a run's folder: which W&B run mirrors it, and how far."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnnlab.program import command
from cnnlab.tracking.durable import write_json
from cnnlab.untrusted.files import read_json

FILE = "wandb.json"
LOCK = "wandb.lock"


@dataclass
class Note:
    """What is known of the W&B run of a folder."""

    id: str
    group: str | None = None
    entity: str | None = None
    project: str | None = None
    url: str | None = None
    """null as long as it was never online"""
    offline: str | None = None
    """why it was offline the last time; null: it was online"""
    epochs: int = 0
    """how many W&B, or its file, was given"""
    delivered: bool = False
    """whether W&B has the whole record, to the run's end"""

    def write(self, folder: Path) -> None:
        write_json(folder / FILE, vars(self))


def new(group: str | None) -> Note:
    return Note(secrets.token_hex(4), group)


def read(folder: Path) -> Note | None:
    """The note in `folder`; None where there is none, or none that can be read."""
    try:
        return Note(**read_json(folder / FILE))
    except (OSError, ValueError, TypeError):
        return None


def whereabouts(sweep: Path, folders: Iterable[Path]) -> str | None:
    """Where a sweep's runs are at W&B, and what to do about those that are not."""
    notes = [note for folder in folders if (note := read(folder))]
    absent = [note for note in notes if not note.delivered]
    project = next((note.url.rpartition("/runs/")[0] for note in notes if note.url), None)
    lines = [f"W&B: {len(notes) - len(absent)} of {len(notes)} runs at {project}"] if project else []
    if absent:
        why = next((f" ({note.offline})" for note in absent if note.offline), "")
        lines.append(f"W&B: {len(absent)} runs are not uploaded{why}: {later(sweep)}")
    return "\n".join(lines) or None


def later(folder: Path) -> str:
    """The command that uploads what lies in `folder`."""
    return command("task=sync", f"dir={folder}")


class Busy(Exception):
    """Another process mirrors the folder's run."""


@contextmanager
def alone(folder: Path, patience: float) -> Iterator[None]:
    """Hold the folder's mirror: of a run killed and taken up again, the old one ends before the new one begins.

    Busy where another process still holds it after `patience` seconds.
    """
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        until = time.monotonic() + patience
        while not _claimed(fd):
            if time.monotonic() > until:
                raise Busy("another process is mirroring it; it may still be trained")
            time.sleep(0.1)
        yield
    finally:
        os.close(fd)


def _claimed(fd: int) -> bool:
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
