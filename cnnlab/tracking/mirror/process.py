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
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from cnnlab.tracking.durable import read_lines
from cnnlab.tracking.mirror import content, media, note
from cnnlab.tracking.mirror.choose import choose
from cnnlab.tracking.record import Run, read_run

INIT = 15.0
"""seconds that W&B's server has to begin a run; W&B itself allows itself 10 more"""
FINISH = 25.0
"""seconds to deliver what is still on its way at the run's end"""
LAST = 50.0
"""seconds after which nothing is waited for"""
KILLED = 137
"""exit code of a run whose process ended without a word: as a shell has it for SIGKILL"""
UNFINISHED = 1
"""of one that has no result, or one that failed: only the process itself knew better"""
CODES = {"ok": 0, "diverged": 3, "interrupted": 130}


@dataclass(frozen=True)
class Order:
    """What to mirror, and how. `settings` are those of logger.wandb, as plain data."""

    folder: str
    root: str
    """where W&B's own files go, in a folder `wandb`: the sweep's, or the run's"""
    settings: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    process: int | None = None
    """the trainer, whose use of the machine is measured"""
    must: bool = False
    """online or not at all"""


class Mirror:
    """The W&B run of one folder while it is open."""

    def __init__(self, order: Order):
        self.order, self.folder = order, Path(order.folder)
        self.note = note.read(self.folder) or note.new(None)
        self.run: Any = None

    def open(self) -> dict[str, Any]:
        """Begin the W&B run, or go on with it: online, else offline. What the trainer may print."""
        mode, why = choose("online" if self.order.must else self.order.settings.get("mode", "auto"))
        if mode == "online":
            try:
                self._begin("online")
            except Exception as error:  # whatever it is, W&B's trouble is not the run's
                mode, why = "offline", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if mode == "offline" and not self.order.must:
            self._begin("offline")
        if self.run is None:
            return {"event": "none", "why": why}
        self.note.offline = None if mode == "online" else why
        self.note.delivered = False
        if mode == "online":
            self.note.url = self.run.url
            self.note.epochs = max(0, self.run.starting_step - 1)  # a row an epoch, epoch 1 at step 1
        self.note.write(self.folder)
        return {"event": "open", "mode": mode, "why": why, "url": self.run.url if mode == "online" else None}

    def _begin(self, mode: str) -> None:
        import wandb

        record, said = read_run(self.folder), self.order.settings
        settings = wandb.Settings(
            silent=True,
            console="off",  # ours says nothing
            init_timeout=INIT,
            finish_timeout=FINISH,
            finish_timeout_raises=True,
            disable_git=True,
            disable_code=True,
            disable_job_creation=True,
            save_code=False,
            x_disable_meta=True,  # host, user, folders, command line
            x_disable_machine_info=True,
            x_save_requirements=False,
            host="",
            x_disable_stats=self.order.process is None,
            x_stats_pid=self.order.process or os.getpid(),
            x_transaction_log_flush_interval=1.0,  # W&B's own 15 s are lost with a machine that goes down
        )
        Path(self.order.root).mkdir(parents=True, exist_ok=True)
        swept = bool(os.environ.get("WANDB_SWEEP_ID"))  # an agent's run: project and id are the sweep's
        named = {} if swept else {"project": _project(said), "id": self.note.id, "resume": "allow"}
        if said.get("entity") and not swept:
            named["entity"] = said["entity"]
        self.run = wandb.init(
            **named,
            dir=self.order.root,
            mode=mode,  # type: ignore[arg-type]
            group=said.get("group") or self.note.group,
            job_type="train",
            name=said.get("name") or content.name(record.facts),
            tags=content.tags(record.facts, self.order.tags),
            config=content.config(record, self.note.group),
            reinit="finish_previous",
            settings=settings,
        )
        if swept:
            self.note.id, self.note.epochs = self.run.id, 0
        self.run.define_metric("epoch", hidden=True)
        self.run.define_metric("*", step_metric="epoch")

    def catch_up(self) -> None:
        """Give W&B the epochs that it does not have. Those done again after an interruption came out the same."""
        rows = content.history(read_lines(self.folder / "metrics.jsonl"))
        for row in rows[self.note.epochs :]:
            self.run.log(row, step=row["epoch"], commit=True)
        self.note.epochs = max(self.note.epochs, len(rows))
        self.note.write(self.folder)

    def end(self, code: int | None) -> dict[str, Any]:
        """The rest of the record, and how the run ended. What the trainer may print."""
        self.catch_up()
        record = read_run(self.folder)
        result = record.result or {"status": "killed"}
        self.run.summary.update(content.summary(result))
        if result["status"] == "ok":
            self._show(record)
        exit_code = _code(result["status"]) if code is None else code
        try:
            self.run.finish(exit_code=exit_code)
        except TimeoutError:
            return {"event": "end", "delivered": False, "why": f"W&B took longer than {FINISH:.0f} s"}
        self.note.delivered = self.note.offline is None
        self.note.write(self.folder)
        return {"event": "end", "delivered": self.note.delivered, "epochs": self.note.epochs}

    def _show(self, record: Run) -> None:
        """Pictures, tables and the model, where W&B does not have them yet."""
        if "test/worst" not in self.run.summary.keys() and (shown := media.media(self.folder, self.order.settings)):
            self.run.log({"epoch": self.note.epochs, **shown}, commit=True)
        if self.order.settings.get("artifact") and not self.run.summary.get("artifact"):
            media.log_model(self.run, self.folder, record)
            self.run.summary["artifact"] = True
        if self.order.settings.get("code") and not self.run.summary.get("code"):
            media.log_code(self.run)
            self.run.summary["code"] = True


def _project(said: dict[str, Any]) -> str:
    return said.get("project") or os.environ.get("WANDB_PROJECT") or "cnnlab"


def _code(status: str) -> int:
    return KILLED if status == "killed" else CODES.get(status, UNFINISHED)


def serve(orders: TextIO, answers: TextIO) -> None:
    """Mirror until `orders` ends."""

    def say(answer: dict[str, Any]) -> None:
        with suppress(OSError):  # nobody listens any more
            print(json.dumps(answer), file=answers, flush=True)

    mirror = Mirror(Order(**json.loads(orders.readline())))
    try:
        with note.alone(mirror.folder, LAST):
            opened = mirror.open()
            say(opened)
            code: int | None = None
            for line in orders:
                match line.split():
                    case ["epoch"] if mirror.run:
                        mirror.catch_up()
                    case ["end", number]:
                        code = int(number)
            watch = threading.Timer(LAST, os._exit, (1,))
            watch.daemon = True
            watch.start()
            if mirror.run:
                say(mirror.end(code))
    except Exception as error:
        say({"event": "end", "delivered": False, "why": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"})
        raise


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
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the trainer, whose end will be seen
        signal.signal(number, signal.SIG_IGN)
    # what W&B's own processes inherit must not keep the trainer waiting for the end of this one's output
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
