"""The process of a tracker, beside the one that trains.

Its standard input is one line of JSON that says what to follow; then `epoch` whenever a row was written, and `end
CODE`. The input ends with the trainer, however that went: a killed run is told as failed. What has been sent is noted
in the run's folder, so that a run taken up again goes on in its place.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from cnnlab.tracking.durable import write_json
from cnnlab.tracking.mirror import content
from cnnlab.tracking.reader import RunFolder
from cnnlab.tracking.stop_signals import STOPPING
from cnnlab.tracking.trackers.targets import TARGETS, Target
from cnnlab.untrusted.files import read_json

LAST = 25.0
"""seconds that anything may take once the input has ended"""


def follow(orders: TextIO) -> None:
    """Keep a tracker up with a run until `orders` ends."""
    order = json.loads(orders.readline())
    folder = Path(order["folder"])
    note = folder / f"{order['tracker']}.json"
    known = read_json(note) if note.exists() else {}
    run = RunFolder(folder)
    target: Target = TARGETS[order["tracker"]](order["settings"])
    facts = content.config(run, None)
    known["id"] = target.open(content.name(run.facts), facts, known.get("id"))
    write_json(note, known)
    code = 1
    for line in orders:
        match line.split():
            case ["epoch"]:
                _catch_up(target, folder, note, known)
            case ["end", number]:
                code = int(number)
    watch = threading.Timer(LAST, os._exit, (1,))
    watch.daemon = True
    watch.start()
    _catch_up(target, folder, note, known)
    result = RunFolder(folder).result or {}
    numbers = {key: value for key, value in result.items() if "/" in key and isinstance(value, int | float)}
    target.end(numbers, known.get("epochs", 0), code == 0)
    watch.cancel()


def _catch_up(target: Target, folder: Path, note: Path, known: dict[str, Any]) -> None:
    """Send the rows that have not been sent."""
    sent = known.get("epochs", 0)
    for row in content.history(RunFolder(folder).rows):
        if row["epoch"] > sent:
            numbers = {key: float(value) for key, value in row.items()
                       if key != "epoch" and isinstance(value, int | float)}  # fmt: skip
            target.log(numbers, row["epoch"])
            known["epochs"] = row["epoch"]
    if known.get("epochs", 0) != sent:
        write_json(note, known)


def main() -> None:
    for number in STOPPING:  # meant for the trainer, whose end will be seen
        signal.signal(number, signal.SIG_IGN)
    follow(sys.stdin)
