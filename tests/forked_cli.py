"""Processes that start at once: forked from one that has imported what training takes.

What is killed is as real as from a shell; only the seconds of imports before it are saved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tiny_run import CONF

_server = get_context("forkserver")
_server.set_forkserver_preload(
    ["cnnlab.cli.jobs", "cnnlab.cli.tasks.train", "cnnlab.experiment.train", "cnnlab.sweep.worker"]
)


@contextmanager
def running(
    *argv: object, out: Path | str = os.devnull, environment: Mapping[str, str] | None = None
) -> Iterator[ForkServerProcess]:
    """run.py in the current folder, what it prints in the file `out`; waited for at the end."""
    words = [str(word) for word in argv]
    process = _server.Process(target=_main, args=(words, os.getcwd(), str(out), dict(environment or {})))
    process.start()
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.join()


def _main(argv: list[str], folder: str, out: str, environment: dict[str, str]) -> None:
    from cnnlab.cli.main import main

    os.environ.update(environment)
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.chdir(folder)
    raise SystemExit(int(main(CONF, argv)))


def wait_for(process: ForkServerProcess, happened: Callable[[], object]) -> None:
    """Until it has `happened`, which must be before the process ends."""
    while not happened():
        assert process.is_alive(), f"ended with {process.exitcode}"
        time.sleep(0.005)


class Server:
    """A sweep's server, in the place of the `subprocess.Popen` that would start one."""

    def __init__(self, command: Sequence[str], pass_fds: Sequence[int], **_: object) -> None:
        (fd,) = pass_fds
        self._process = _server.Process(target=_serve, args=(Connection(os.dup(fd)), dict(os.environ)))
        self._process.start()
        self.kill, self.wait = self._process.kill, self._process.join


def _serve(connection: Connection, environment: dict[str, str]) -> None:
    from cnnlab.sweep.server import serve
    from cnnlab.sweep.worker import work

    os.environ.clear()
    os.environ.update(environment)
    os.setsid()
    serve(connection, work)
