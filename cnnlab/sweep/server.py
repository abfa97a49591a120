"""The process that jobs are forked from: it has imported torch and Lightning once, and does nothing else.

It computes nothing itself, so that it has no threads when it forks. Each job is a child in a process group of its own.
The server reaps them, tells how they ended, and outlives nobody: when the sweep's process is gone, however it went,
jobs are asked to save and to end, and are killed if they do not.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from cnnlab.tracking.stop_signals import DUMP, STOPPING, exit_code
from cnnlab.untrusted.streams import unfailing

PATIENCE = 20.0
"""seconds that jobs have to save and end once the sweep's process is gone"""
LOOK = 0.02
"""seconds between two looks at whether a job has ended"""
PDEATHSIG = 1
"""of prctl(2): the signal for when the parent dies"""

Work = Callable[[bytes], int]
"""what a child does with its payload; the exit code"""


def serve(connection: Connection, work: Work) -> None:
    """Fork a child for each ("start", number, log, payload); deliver each ("signal", number, signal).

    Sends ("began", number, 0) and ("end", number, status), the status as os.waitpid has it.
    """
    for number in STOPPING:  # meant for the sweep, whose end the server will see
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # or the collector would touch, and so copy, every page that children share
    children: dict[int, int] = {}
    with suppress(EOFError, OSError):
        while True:
            while connection.poll(LOOK if children else None):
                match connection.recv():
                    case ("start", int(number), str(log), bytes(payload)):
                        children[_fork(connection, log, payload, work)] = number
                        connection.send(("began", number, 0))
                    case ("signal", int(number), int(which)):
                        for process in [p for p, n in children.items() if n == number]:
                            _signal(process, which)
            for process, status in _ended(children):
                connection.send(("end", children.pop(process), status))
    _dismiss(children)


def _fork(connection: Connection, log: str, payload: bytes, work: Work) -> int:
    server = os.getpid()
    process = os.fork()
    if process == 0:
        code = 1
        try:
            connection.close()
            _become_a_job(server, log)
            code = work(payload)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code & 0xFF)
    return process


def _become_a_job(server: int, log: str) -> None:
    import faulthandler

    os.setpgid(0, 0)
    for number in STOPPING:
        signal.signal(number, _end)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)
    if os.getppid() != server:
        raise SystemExit(1)
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(fd, stream)
    os.close(fd)
    sys.stdout, sys.stderr = (
        unfailing(os.fdopen(fd, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)) for fd in (1, 2)
    )
    faulthandler.enable()
    faulthandler.register(DUMP, all_threads=True)


def _end(number: int, frame: object) -> None:
    raise SystemExit(exit_code(number))


def _ended(children: dict[int, int]) -> list[tuple[int, int]]:
    ended = []
    for process in children:
        which, status = os.waitpid(process, os.WNOHANG)
        if which:
            ended.append((which, status))
    return ended


def _signal(process: int, number: int) -> None:
    """To all of the job's processes; to itself where it has no group yet."""
    try:
        os.killpg(process, number)
    except ProcessLookupError:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _dismiss(children: dict[int, int]) -> None:
    for process in children:
        _signal(process, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while children and time.monotonic() < until:
        for process, _ in _ended(children):
            del children[process]
        time.sleep(LOOK)
    for process in children:
        _signal(process, signal.SIGKILL)


def main(fd: int) -> None:
    """Started by the sweep with its end of a socket."""
    from cnnlab.sweep.worker import work

    serve(Connection(fd), work)
