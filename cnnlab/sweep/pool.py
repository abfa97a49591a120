"""The sweep's side of the server: start jobs, hear of their ends, stop them."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from cnnlab.experiment.job import Job
from cnnlab.sweep.outcome import LOST
from cnnlab.tracking.stop_signals import DUMP

SIGKILL_AFTER = 10.0
"""seconds that a job has to end after it was asked to"""
SERVER = "import sys; sys.path[:] = sys.argv[2:]; from cnnlab.sweep.server import main; main(int(sys.argv[1]))"
"""imports from where the sweep does"""


@dataclass
class RunningJob:
    """A job in progress."""

    job: Job
    slot: int
    """which of the places to run it has"""
    since: float
    """when it began, or was sent off"""
    asked: str | None = None
    """why it was made to end: "stop", or an error"""
    asked_at: float = 0.0
    killed: bool = field(default=False)


class WorkerPool:
    """Jobs in processes of their own, forked from a server that `warm` starts, or the first job.

    Its signals are its own: Ctrl-C in a terminal reaches the sweep alone, which hands it on.
    """

    def __init__(self) -> None:
        self.running: dict[int, RunningJob] = {}
        self._number = 0
        self._server: subprocess.Popen[bytes] | None = None

    def warm(self) -> None:
        """Start the server, whose imports take seconds, while there is other work to do."""
        if self._server:
            return
        own, servers = socket.socketpair()
        os.set_inheritable(servers.fileno(), True)
        command = [sys.executable, "-c", SERVER, str(servers.fileno()), *sys.path]
        self._server = subprocess.Popen(
            command, pass_fds=[servers.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
        servers.close()
        self._connection = Connection(own.detach())

    def start(self, job: Job, slot: int) -> None:
        self.warm()
        job.folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        self.running[self._number] = RunningJob(job, slot, time.monotonic())
        message = ("start", self._number, str(job.folder / "run.log"), pickle.dumps(job))
        with suppress(OSError):  # where the server is gone, `events` will find out
            self._connection.send(message)

    def events(self, wait: float) -> Iterator[tuple[RunningJob, int | None]]:
        """What happens within `wait` seconds: jobs that begin (None), or end, with os.waitpid's status or LOST."""
        try:
            if self._connection.poll(wait):
                while self._connection.poll():
                    event, number, status = self._connection.recv()
                    if event == "began":
                        self.running[number].since = time.monotonic()
                        yield self.running[number], None
                    else:
                        yield self.running.pop(number), status
        except (EOFError, OSError):
            lost, self.running = self.running, {}
            self._server, _ = None, self._server and self._server.wait()
            for running in lost.values():
                yield running, LOST

    def ask(self, running: RunningJob, why: str) -> None:
        """Make a job end: it may save first; one that does not end soon is killed."""
        if running.asked is None:
            running.asked, running.asked_at = why, time.monotonic()
            if why != "stop":
                self._signal(running, DUMP)  # its log tells where it hung
            self._signal(running, signal.SIGTERM)

    def kill(self, running: RunningJob) -> None:
        running.killed = True
        self._signal(running, signal.SIGKILL)

    def kill_unresponsive(self) -> None:
        """Kill those that were asked to end and have not."""
        for running in self.running.values():
            if running.asked and not running.killed and time.monotonic() - running.asked_at > SIGKILL_AFTER:
                self.kill(running)

    def _signal(self, running: RunningJob, number: int) -> None:
        (which,) = [key for key, value in self.running.items() if value is running]
        with suppress(OSError):
            self._connection.send(("signal", which, int(number)))

    def close(self) -> None:
        """Let the server go; it ends what still runs."""
        if self._server is None:
            return
        self._connection.close()
        if not self.running:
            self._server.kill()
        self._server.wait()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
