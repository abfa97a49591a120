"""The worker from outside: started once, asked often, killed where it does not answer."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECRET = "canary-4f9d21"
"""in the worker's environment; it must turn up nowhere"""
PATIENCE = 120
"""seconds to wait for an answer, and for the imports"""


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    code: int | None
    said: str
    failed: str
    """the traceback of what main let through"""
    seconds: float
    """of the processor, so that what else the machine does counts little"""
    mb: float
    """memory at its peak beyond what there was before"""
    did: list[str]
    """forbidden things that were done"""


class Worker:
    """A process that serves commands until it is closed."""

    def __init__(self, home: Path):
        root = Path(__file__).parents[2]
        self.home = home
        environment = {
            **os.environ,
            "PYTHONPATH": str(root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CNNLAB_CANARY": SECRET,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "CNNLAB_CACHE_DIR": str(home / "cache/cnnlab"),
            "OMP_NUM_THREADS": "1",
            "MPLCONFIGDIR": str(home / "mpl"),
        }
        command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("worker.py"))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=home
        )

    def ask(self, **request: object) -> dict:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            raise AssertionError(f"the worker died of {request}, or does not answer")
        return json.loads(line)

    def run(self, cwd: Path, argv: Sequence[str]) -> Outcome:
        return Outcome(**self.ask(cwd=str(cwd), argv=list(argv)))

    def ready(self) -> None:
        """From here on everything is watched."""
        self.ask(ready=True)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
