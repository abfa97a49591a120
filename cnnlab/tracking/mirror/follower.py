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
        root = folder.parent if group else folder
        order = Order(str(folder.resolve()), str(root.resolve()), settings, tags, os.getpid())
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
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def epoch(self, row: dict[str, Any]) -> None:
        """A row was written. A mirror that is behind has been told often enough already."""
        self._tell("epoch\n")

    def end(self, code: int) -> None:
        """The record is complete; `code` is the exit code. Wait for what is on its way, up to PATIENCE."""
        fcntl.fcntl(self._input, fcntl.F_SETFL, fcntl.fcntl(self._input, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        self._tell(f"end {int(code)}\n")
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        self.reader.join(PATIENCE)
        if self.reader.is_alive():
            self.process.kill()
            self.say(self._later(f"did not end within {PATIENCE:.0f} s"))
        self.process.wait()

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # full, or the mirror is gone, which its end will tell
            os.write(self._input, line.encode())

    def _listen(self) -> None:
        assert self.process.stdout
        ended = False
        for line in self.process.stdout:
            answer = json.loads(line)
            ended |= answer["event"] in ("end", "none")
            if said := self._said(answer):
                self.say(said)
        if not ended:
            self.say(self._later(f"ended by itself; {self.folder / LOG} says why"))

    def _said(self, answer: dict[str, Any]) -> str | None:
        match answer:
            case {"event": "open", "mode": "online", "url": url}:
                return f"W&B: {url}"
            case {"event": "open", "why": why}:
                return self._later(f"offline ({why})")
            case {"event": "none", "why": why}:
                return f"W&B: nothing is sent: {why}"
            case {"event": "end", "delivered": False, "why": why}:
                return self._later(str(why))
        return None

    def _later(self, trouble: str) -> str:
        return f"W&B: {trouble}; upload later: python run.py task=sync dir={self.folder}"
