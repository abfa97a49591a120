"""The process that mirrors one run at W&B, beside the one that trains: whatever W&B does, training goes on.

Its standard input is one line of JSON, the `Order`; then `epoch` whenever a row was written, and `end CODE`. The input
ends with the trainer, however that went: a killed run is told as failed, by who outlives it. Its standard output is a
line of JSON when the run is open, and one at its end. It ends by itself, at the latest LAST seconds after its input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from cnnlab.tracking.mirror import note
from cnnlab.tracking.mirror.choose import reason
from cnnlab.tracking.mirror.mirror import CODES, Mirror
from cnnlab.tracking.reader import read_run
from cnnlab.tracking.stop_signals import STOPPING

LAST = 50.0
"""seconds after which nothing is waited for: an end without a network takes less, so this is for what hangs"""

SWEEP = 2.0
"""seconds in which a sweep has written how its job ended"""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What to mirror, and how."""

    folder: str
    settings: dict[str, Any] = field(default_factory=dict)
    """those of logger.wandb, as plain data"""
    tags: list[str] = field(default_factory=list)
    trainer: int | None = None
    """the process that trains, whose use of the machine is measured; none: the run is over, and to be uploaded"""


def serve(orders: TextIO, answers: TextIO) -> None:
    """Mirror until `orders` ends."""

    def say(answer: Answer) -> None:
        with suppress(OSError):  # nobody listens any more
            print(json.dumps(answer), file=answers, flush=True)

    order = Order(**json.loads(orders.readline()))
    folder = Path(order.folder)
    try:
        with note.alone(folder, LAST if order.trainer else 0):
            mirror = Mirror(folder, order.settings, order.tags, order.trainer)
            say(_follow(mirror, orders, say) if order.trainer else _upload(mirror))
    except Exception as error:
        say({"event": "end", "delivered": False, "why": reason(error)})
        raise


def _follow(mirror: Mirror, orders: TextIO, say: Any) -> Answer:
    """Keep up with a run that is being trained."""
    if why := mirror.open():
        _end_in_time(orders)
        return {"event": "end", "delivered": None, "why": why}
    address = {"url": mirror.note.url} if mirror.note.offline is None else {"offline": mirror.note.offline}
    say({"event": "open", **address})
    code: int | None = None
    for line in orders:
        match line.split():
            case ["epoch"]:
                mirror.catch_up()
            case ["end", number]:
                code = int(number)
    _end_in_time(orders)
    return {"event": "end", **mirror.end(_without_a_word(mirror.folder) if code is None else code)}


def _without_a_word(folder: Path) -> int | None:
    """The exit code of a trainer that said none: killed, unless its record says otherwise.

    A sweep writes down how its job ended, a moment after it did.
    """
    until = time.monotonic() + SWEEP
    while not (folder / "result.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    ended = (read_run(folder).result or {}).get("status") in ("ok", "diverged", "interrupted")
    return None if ended else CODES["killed"]


def _end_in_time(orders: TextIO) -> None:
    """Read to the end of the orders; from there on, be gone within LAST seconds."""
    for _ in orders:
        pass
    watch = threading.Timer(LAST, os._exit, (1,))
    watch.daemon = True
    watch.start()


def _upload(mirror: Mirror) -> Answer:
    """Bring W&B up to the record of a run that is over."""
    if why := mirror.open(online_only=True):
        return {"event": "end", "delivered": False, "why": why, "unreachable": not mirror.reachable}
    return {"event": "end", **mirror.upload(), "url": mirror.note.url, "epochs": mirror.note.epochs}


def command() -> list[str]:
    """What starts this process, with imports from where the caller's come."""
    start = "import sys; sys.path[:] = sys.argv[1:]; del sys.argv[1:]; from cnnlab.tracking.mirror.process import main"
    return [sys.executable, "-c", f"{start}; main()", *sys.path]


def environment() -> dict[str, str]:
    """The caller's, with W&B's reports about itself off unless they were asked for."""
    return {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", **os.environ}


def ordered(order: Order) -> str:
    """The first line of the input."""
    return json.dumps(asdict(order)) + "\n"


def main() -> None:
    for number in STOPPING:  # meant for the trainer, whose end will be seen
        signal.signal(number, signal.SIG_IGN)
    # what W&B's own processes inherit must not keep the trainer waiting for the end of this one's output
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)
