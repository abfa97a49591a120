"""A run's folder: made for one run alone, held by one process at a time, and asked what lies in it."""

import errno
import fcntl
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from cnnlab.door.files import read_json
from cnnlab.door.words import few
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.tracking.durable import clear_leftovers

KEY = "hydra.run.dir"
"""the setting that faults of a folder name, unless told otherwise"""

OURS = ("config.yaml", "network.json", "metrics.jsonl", "result.json", "checkpoints")
"""what a run writes beside its `run.json`; without one they are somebody else's"""

WRITTEN = (*OURS, "run.json", "run.log", "run.lock")
"""what must not be a link to somewhere else"""


NAME = 120
"""bytes of a run's name in that of its folder; file systems allow 255 in all"""


class InUse(UserError):
    """Another process, or this one, holds the folder."""


@dataclass(frozen=True)
class State:
    """What lies in a folder.

    `empty`: no run. `unfinished`: a run that can go on, be it killed, interrupted or failed. `finished`: a run that
    would end the same way again (ok or diverged). `foreign`: files with a run's names, but no run.
    """

    kind: Literal["empty", "unfinished", "finished", "foreign"]
    identity: str | None = None
    result: dict[str, Any] | None = None

    @property
    def status(self) -> str | None:
        return self.result.get("status") if self.result else None


def state(folder: Path | str, path: str = KEY) -> State:
    """What lies in `folder`; UserError under `path` where its record is damaged."""
    folder = Path(folder)
    if links := [name for name in WRITTEN if (folder / name).is_symlink()]:
        said = f"{folder}: {', '.join(links)} lead elsewhere (symbolic links); a run writes into its own folder alone"
        raise UserError(Fault(path, said))
    run, result = (_record(folder / name, path) for name in ("run.json", "result.json"))
    if run is None:
        return State("foreign" if any((folder / name).exists() for name in OURS) else "empty")
    finished = result is not None and result.get("status") in ("ok", "diverged")
    return State("finished" if finished else "unfinished", run.get("identity"), result)


def _record(file: Path, path: str) -> dict[str, Any] | None:
    try:
        value = read_json(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise UserError(Fault(path, f"{file} cannot be read ({error})")) from None
    if not isinstance(value, dict):
        raise UserError(Fault(path, f"{file} is not the record of a run"))
    return value


def new_folder(root: Path | str, name: str, path: str = KEY) -> Path:
    """A folder of its own under `root`, as `2026-11-24_03-44-27_resnet18`, or `…-2` where that one is taken."""
    root = Path(root)
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{slug(name)}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in _candidates(root, stem):
            try:
                folder.mkdir()  # exclusive: of two processes in the same second one fails and tries the next name
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise _refused(root, error, path) from None
    raise AssertionError("unreachable: names do not run out")


def _candidates(root: Path, stem: str) -> Iterator[Path]:
    yield root / stem
    number = 2
    while True:
        yield root / f"{stem}-{number}"
        number += 1


def slug(name: str) -> str:
    """`name` as part of a file's name, anywhere.

    >>> slug("d2l/lenet act=relu")
    'd2l-lenet-act-relu'
    >>> slug("..")
    'run'
    """
    short = re.sub(r"[^\w.+-]+", "-", name).strip(".-")[:60]
    return cut(short, NAME) or "run"


def cut(name: str, most: int) -> str:
    """The beginning of `name` that is no longer than `most` bytes, in which file systems count.

    >>> cut("éé", 3)
    'é'
    """
    return name.encode("utf-8", "replace")[:most].decode(errors="ignore")


class Lock:
    """A folder held by this process until `release`, or until it dies, however it dies.

    `fcntl.lockf` and not `flock`: a forked worker that outlives its killed parent must not keep the folder. Its price:
    closing *any* descriptor of `run.lock` in this process gives the lock up, so nothing else may open that file, and
    that this process holds it already must be remembered here.
    """

    _held: "dict[Path, Lock]" = {}  # noqa: RUF012 (one table a process, on purpose)

    def __init__(self, folder: Path | str, path: str = KEY):
        """UserError under `path` where another process, or this one, holds `folder`; it is made if need be."""
        self.folder = Path(folder).resolve()
        if self.folder in self._held and self._held[self.folder]._pid == os.getpid():
            raise self._in_use(f"pid {os.getpid()}, this process", path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _refused(self.folder, error, path) from None
        self._claim(path)
        self._pid = os.getpid()
        self._held[self.folder] = self
        clear_leftovers(self.folder)
        clear_leftovers(self.folder / "checkpoints")

    def _claim(self, path: str) -> None:
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 200, 0).decode(errors="replace")
            os.close(self._fd)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise self._in_use(holder or "another process", path) from None
            raise _refused(self.folder, error, path) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def _in_use(self, holder: str, path: str) -> InUse:
        return InUse(Fault(path, f"{self.folder} is in use by {holder}; wait for it, or choose another folder"))

    def release(self) -> None:
        """Give the folder up; a second time does nothing, and so does a forked child, which never held it."""
        if self._held.get(self.folder) is self and self._pid == os.getpid():
            del self._held[self.folder]
            os.ftruncate(self._fd, 0)
            os.close(self._fd)

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.release()


def left(folder: Path | str) -> bool:
    """Whether whoever held the folder is gone: it was given up, or its process, one of this machine's, has ended."""
    folder = Path(folder).resolve()
    if folder in Lock._held:  # and closing the file would give it up
        return False
    try:
        holder = (folder / "run.lock").read_text(errors="replace")
    except OSError:
        return False
    named = re.fullmatch(r"pid (\d+) on (.+)", holder)
    if holder and not (named and named[2] == socket.gethostname()):
        return False
    return named is None or not _lives(int(named[1]))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def enter(folder: Path | str, identity: str, path: str = KEY) -> tuple[Lock, State]:
    """Hold the folder the user named for the run `identity`, and say what lies in it: nothing, or that run.

    UserError where it is in use, or holds another experiment, or files that are no run's.
    """
    _admit(folder, identity, path)  # before anything is written there
    lock = Lock(folder, path)
    try:
        return lock, _admit(folder, identity, path)
    except BaseException:
        lock.release()
        raise


def _admit(folder: Path | str, identity: str, path: str) -> State:
    found = state(folder, path)
    if found.kind == "empty" and (others := strangers(Path(folder))):
        message = f"{folder} holds other files ({few(others)}); choose an empty folder, or one that is not there yet"
        raise UserError(Fault(path, message))
    if found.kind == "foreign":
        there = ", ".join(name for name in OURS if (Path(folder) / name).exists())
        raise UserError(Fault(path, f"{folder} holds {there}, but of no run; choose another folder"))
    if found.kind != "empty" and found.identity != identity:
        message = f"{folder} holds another experiment ({found.identity}, this one is {identity})"
        raise UserError(Fault(path, f"{message}; choose another folder"))
    return found


def strangers(folder: Path) -> list[str]:
    """What lies in a folder and is neither hidden nor of a run or a sweep: somebody keeps something else there."""
    if not folder.is_dir():
        return []
    mine = (*WRITTEN, "sweep.json", "comparison.json", "runs.csv", "report.html")
    names = sorted(name for name in os.listdir(folder) if not name.startswith(".") and name not in mine)
    return [name for name in names if not any((folder / name / of).is_file() for of in ("run.json", "sweep.json"))]


def enter_any(root: Path | str, name: str, identity: str, path: str = KEY) -> tuple[Lock, State]:
    """Hold the newest interrupted run of `identity` right under `root` that nobody else is at, or a new folder."""
    for folder in interrupted(root, identity):
        try:
            lock = Lock(folder, path)
        except UserError:
            continue  # in use: the same command runs beside this one, which is its right
        found = state(folder, path)  # again: it may have been finished before the lock was ours
        if _is_interrupted(found, identity):
            return lock, found
        lock.release()
    return enter(new_folder(root, name, path), identity, path)


def interrupted(root: Path | str, identity: str) -> list[Path]:
    """The folders right under `root` with a killed or interrupted run of `identity`, newest first.

    Damaged ones are passed by; one that failed is not taken up unasked, as it may well fail again.
    """
    found = []
    for record in Path(root).glob("*/run.json"):
        try:
            here = state(record.parent)
        except UserError:
            continue
        if _is_interrupted(here, identity):
            found.append((record.stat().st_mtime_ns, record.parent))
    return [folder for _, folder in sorted(found, reverse=True)]


def _is_interrupted(found: State, identity: str) -> bool:
    return found.kind == "unfinished" and found.identity == identity and found.status in (None, "interrupted")


def _refused(folder: Path, error: OSError, path: str) -> UserError:
    code = Exit.EXHAUSTED if error.errno in (errno.ENOSPC, errno.EDQUOT) else Exit.USER
    return UserError(Fault(path, f"{folder} cannot be used: {(error.strerror or str(error)).lower()}"), code=code)
