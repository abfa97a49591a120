"""The trainer's side of a tracker: start its process, say when there is something new, wait a while for its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""seconds to wait for the tracker at the run's end"""
START = "import sys; sys.path[:] = sys.argv[1:]; from cnnlab.tracking.trackers.process import main; main()"


class TrackerFollower:
    """Hears of a run for the tracker `name`. Nothing here raises, and nothing but `end` waits."""

    def __init__(self, name: str, folder: Path, settings: dict[str, Any], say: Callable[[str], None]):
        self.name, self.folder, self.say = name, folder, say
        self.log = folder / f"{name}.log"
        order = {"tracker": name, "folder": str(folder.resolve()), "settings": settings}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the trainer
            )
        assert self.process.stdin
        os.set_blocking(self.process.stdin.fileno(), False)
        self._tell(json.dumps(order))

    def epoch(self, row: dict[str, Any]) -> None:
        """A row was written. A process that is behind has been told often enough already."""
        self._tell("epoch")

    def end(self, code: int) -> None:
        """The record is complete; wait for what is on its way, up to PATIENCE."""
        self._tell(f"end {int(code)}")
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        try:
            failed = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.say(f"{self.name}: did not end within {PATIENCE:.0f} s; the run's own record is whole")
            return
        except KeyboardInterrupt:
            self.say(f"{self.name}: not waited for")
            return
        if failed:
            self.say(f"{self.name}: not everything has arrived; {self.log} says why")

    def _tell(self, line: str) -> None:
        with suppress(OSError, ValueError):  # full, or the process is gone, which its end will tell
            os.write(self.process.stdin.fileno(), f"{line}\n".encode())  # type: ignore[union-attr]
