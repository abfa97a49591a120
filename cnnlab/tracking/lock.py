"""A run's folder held by one process at a time."""

import errno
import fcntl
import os
import re
import socket
from pathlib import Path
from types import TracebackType

from cnnlab.errors import Exit, Fault, UserError
from cnnlab.tracking.durable import clear_leftovers

KEY = "hydra.run.dir"
"""the setting that faults of a folder name, unless told otherwise"""


class InUse(UserError):
    """Another process, or this one, holds the folder."""

    def __init__(self, folder: Path, holder: str, path: str):
        super().__init__(Fault(path, f"{folder} is in use by {holder}; wait for it, or choose another folder"))
        self.holder = holder


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
            raise InUse(self.folder, f"pid {os.getpid()}, this process", path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise unusable(self.folder, error, path) from None
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
                raise InUse(self.folder, holder or "another process", path) from None
            raise unusable(self.folder, error, path) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)

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


def abandoned(folder: Path | str) -> bool:
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


def unusable(folder: Path, error: OSError, path: str) -> UserError:
    code = Exit.EXHAUSTED if error.errno in (errno.ENOSPC, errno.EDQUOT) else Exit.USER
    return UserError(Fault(path, f"{folder} cannot be used: {(error.strerror or str(error)).lower()}"), code=code)
