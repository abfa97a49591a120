"""The trainer's side of its W&B mirror: start it, say when there is something new, wait for its end, not for long."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cnnlab.tracking.mirror import note
from cnnlab.tracking.mirror.process import Order, command, environment, ordered

PATIENCE = 50.0
"""seconds to wait for W&B at the run's end"""
LOG = "wandb.log"


class Follower:
    """Starts the mirror of the run in `folder`. Nothing here raises, and nothing but `end` waits."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        tags: list[str],
        group: str | None,
        say: Callable[[str], None],
    ):
        self.folder, self.say = folder, say
        if note.read(folder) is None:
            note.new(group).write(folder)
        order = Order(str(folder.resolve()), settings, tags, os.getpid())
        with (folder / LOG).open("ab") as log:
            self.process = subprocess.Popen(
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                start_new_session=True,  # Ctrl-C is for the trainer
            )
        assert self.process.stdin
        self._input = self.process.stdin.fileno()
        self._tell(ordered(order))
        flags = fcntl.fcntl(self._input, fcntl.F_GETFL)
        fcntl.fcntl(self._input, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self.ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def epoch(self, row: dict[str, Any]) -> None:
        """A row was written. A mirror that is behind has been told often enough already."""
        self._tell("epoch\n")

    def end(self, code: int) -> None:
        """The record is complete; `code` is the exit code. Wait for what is on its way, up to PATIENCE."""
        fcntl.fcntl(self._input, fcntl.F_SETFL, fcntl.fcntl(self._input, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        self._tell(f"end {int(code)}\n")
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        try:
            ended = self.ended.wait(PATIENCE)
        except KeyboardInterrupt:
            return self.say("W&B: not waited for; what is on its way has a minute to arrive")
        if not ended:
            self.ended.set()
            self.process.kill()
            self.say(self._later(f"did not end within {PATIENCE:.0f} s"))

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # full, or the mirror is gone, which its end will tell
            os.write(self._input, line.encode())

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._hear(json.loads(line))
        if not self.ended.is_set():
            self.say(self._later(f"its process ended too soon; {self.folder / LOG} says why"))
            self.ended.set()
        self.process.wait()

    def _hear(self, answer: dict[str, Any]) -> None:
        match answer:
            case {"event": "open", "url": url}:
                self.say(f"W&B: {url}")
            case {"event": "open", "offline": why}:
                self.say(self._later(f"offline: {why}"))
            case {"event": "end", "delivered": None, "why": why}:
                self.say(f"W&B: {why}")
            case {"event": "end", "delivered": False, "why": why}:
                self.say(self._later(str(why)))
        if answer["event"] == "end":
            self.ended.set()  # what the process does after that is to leave

    def _later(self, trouble: str) -> str:
        return f"W&B: {trouble}. To upload it later: {note.later(self.folder)}"
