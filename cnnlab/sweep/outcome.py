"""How a job ended, by its record, its process, or both; written down for jobs that could not do it themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cnnlab.errors import Exit
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.job import Job
from cnnlab.tracking import machine
from cnnlab.tracking.durable import write_json
from cnnlab.tracking.lock import InUse, Lock
from cnnlab.tracking.reader import FINISHED, RunEnd, RunFolder
from cnnlab.tracking.record import settle

KEY = "hydra.sweep.dir"
IN_USE = "in use"
"""in place of an end: another process holds the job's folder"""
LOST = -1
"""in place of a status: the process that the job was forked from is gone, and so is the job"""


def end_of(folder: Path, facts: Mapping[str, Any], status: int, asked: str | None) -> dict[str, Any]:
    """The result of a job whose process ended with `status` (os.waitpid's), in its result.json too.

    `asked`: why the sweep made it end, "stop" or the error to be recorded; None where it did not.
    """
    result = RunFolder(folder).result or {}
    known = result.get("status")
    if known in ("ok", "diverged"):
        return result
    if asked == "stop":
        return result if known == "interrupted" else write_end(folder, facts, "interrupted")
    if asked:
        return write_end(folder, facts, "failed", asked)
    if status == LOST:
        return write_end(folder, facts, "failed", "the process that it was forked from was killed, and so was it")
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return write_end(folder, facts, "failed", f"killed by {_signal(-code)}")
    if known == "failed" and code:
        return result
    if known == "interrupted" and code in (Exit.INTERRUPTED, Exit.TERMINATED):
        return result
    return write_end(folder, facts, "failed", f"it ended itself before its end, with exit code {code}")


def write_end(
    folder: Path, facts: Mapping[str, Any], status: RunEnd, error: str | None = None, **more: Any
) -> dict[str, Any]:
    """Write result.json for a job that did not, and run.json for one that never began.

    Only who holds a folder writes its record: where another process is at the run, its end is not this one's to write.
    """
    try:
        with Lock(folder, KEY):
            if (ended := RunFolder(folder)).status in FINISHED and ended.result:  # since it was last looked at
                return ended.result
            if not (folder / "run.json").exists():
                now = datetime.now(timezone.utc).isoformat(timespec="seconds")
                write_json(folder / "run.json", {"versions": machine.versions(), **facts, "started": now, "resumed": 0})
            return settle(folder, status, {"error": error, **more} if error else more)
    except InUse as use:
        return {"status": IN_USE, "error": f"{use.holder} trains it; the same command, once it has ended, goes on"}


def count(job: Job) -> None:
    """Write the record of a job that trains nothing: network.json, and a result with parameters and multiply-adds."""
    from cnnlab.network.outline import network_record

    job.folder.mkdir(parents=True, exist_ok=True)
    write_json(job.folder / "network.json", network_record(job.run.network, image_shape(job.run)))
    write_end(job.folder, job.facts, "ok")


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{name} (for want of memory, perhaps)" if number == signal.SIGKILL else name
