"""Engine of a sweep: it trains the jobs of a plan, as many at once as there are places, and records their outcomes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

from cnnlab.errors import Exit
from cnnlab.experiment.job import Job
from cnnlab.sweep.outcome import end_of
from cnnlab.sweep.plan import SweepPlan, cores
from cnnlab.sweep.pool import RunningJob, WorkerPool
from cnnlab.tracking.reader import RunFolder
from cnnlab.tracking.stop_signals import STOPPING, exit_code

LOOK = 0.2
"""seconds between two looks at the clock and at the board"""


class SweepListener(Protocol):
    """Listener to what happens to a sweep's jobs."""

    def begin(self, waiting: list[Job], places: int) -> None: ...
    def started(self, job: Job) -> None: ...
    def ended(self, job: Job, result: dict[str, Any]) -> None: ...
    def look(self) -> None: ...
    def say(self, text: str) -> None: ...


class SilentListener:
    """Listener that does nothing."""

    def begin(self, waiting: list[Job], places: int) -> None: ...
    def started(self, job: Job) -> None: ...
    def ended(self, job: Job, result: dict[str, Any]) -> None: ...
    def look(self) -> None: ...
    def say(self, text: str) -> None: ...


@dataclass
class SweepEngine:
    """One command's way through its jobs."""

    plan: SweepPlan
    listener: SweepListener
    retry: bool = False
    """whether jobs that failed are trained again"""
    jobs: int | str = "auto"
    timeout: float | None = None
    after: Callable[[], object] = lambda: None
    """called after jobs that ended; what goes wrong in it is for the caller's own last call to tell"""
    looked: float = 0.0
    """when it may be called again"""
    stops: list[int] = field(default_factory=list)
    """signals received that ask for an end"""

    def waiting(self) -> list[Job]:
        """The jobs that are still to be trained: new, killed, interrupted, or failed and to be tried again."""
        return self.plan.waiting(self.retry)

    def run(self, pool: WorkerPool) -> Exit:
        """Train what is waiting. The exit code tells of all jobs of the command, also of those ended before."""
        waiting = self.waiting()
        places = self.places(len(waiting))
        self.listener.begin(waiting, places)
        if waiting:
            with self._stoppable():
                self._train(pool, waiting, places)
        if self.stops:
            return exit_code(self.stops[0])
        statuses = [RunFolder(job.folder).status for job in self.plan.unique()]
        return Exit.DONE if set(statuses) <= {"ok"} else Exit.SWEEP

    def places(self, count: int) -> int:
        """How many of `count` jobs run at once."""
        if self.jobs != "auto":
            return min(int(self.jobs), max(count, 1))
        threads = max((job.hardware.threads for job in self.plan.unique()), default=1)
        accelerated = any(job.hardware.accelerator != "cpu" for job in self.plan.unique())
        return 1 if accelerated else max(1, min(count, cores() // threads))

    def _train(self, pool: WorkerPool, waiting: list[Job], places: int) -> None:
        while waiting or pool.running:
            if self.stops:
                waiting.clear()
                self._stop(pool)
            free = sorted(set(range(places)) - {running.slot for running in pool.running.values()})
            for slot in free[: len(waiting)]:
                pool.start(waiting.pop(0), slot)
            for running, status in pool.events(LOOK):
                if status is None:
                    self.listener.started(running.job)
                else:
                    self._settle(running, status)
            self._watch_the_clock(pool)
            self.listener.look()

    def _settle(self, running: RunningJob, status: int) -> None:
        job = running.job
        asked = "stop" if self.stops and running.asked is None else running.asked
        try:
            result = end_of(job.folder, job.facts, status, asked)
        except OSError as error:  # a full disk: the job that filled it could not say so either
            result = {"status": "failed", "error": f"its end could not be written down: {error}"}
        self.listener.ended(job, result)
        self._look_at_all()

    def _look_at_all(self) -> None:
        """Call `after`, but not so often that it takes more than a tenth of the time; it must not end the sweep."""
        since = time.monotonic()
        if since >= self.looked:
            with suppress(Exception):
                self.after()
            self.looked = since + 10 * (time.monotonic() - since)

    def _stop(self, pool: WorkerPool) -> None:
        for running in pool.running.values():
            if len(self.stops) == 1:
                pool.ask(running, "stop")
            elif not running.killed:
                pool.kill(running)

    def _watch_the_clock(self, pool: WorkerPool) -> None:
        for running in pool.running.values():
            if self.timeout and time.monotonic() - running.since > self.timeout:
                pool.ask(running, f"it took longer than the time limit (timeout={self.timeout:g} s)")
        pool.kill_unresponsive()

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Signals that ask for an end let the jobs in progress save and end; a second one kills them."""

        def note(number: int, frame: FrameType | None) -> None:
            self.stops.append(number)
            if len(self.stops) == 1:
                self.listener.say("stopping: jobs save and end; once more to kill them")

        before = {number: signal.signal(number, note) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
