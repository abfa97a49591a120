"""One run's folder and the W&B run that mirrors it. For a process of its own: W&B keeps its state in globals."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from cnnlab.tracking.durable import read_lines
from cnnlab.tracking.mirror import content, media, note
from cnnlab.tracking.mirror.choose import choose, reason
from cnnlab.tracking.reader import RunFolder, read_run

INIT = 15.0
"""seconds that W&B's server has to begin a run; W&B itself allows itself 10 more"""
FINISH = 25.0
"""seconds to deliver what is still on its way at the run's end"""
SETTLE = 10.0
"""seconds in which an upload should be seen at the server"""
STAGING, PREFIX = "WANDB_DATA_DIR", "cnnlab-wandb-"
CODES = {"ok": 0, "diverged": 3, "interrupted": 130, "killed": 137}
"""exit codes where nobody told: `killed` as a shell has it for SIGKILL; 1 is any other failure"""
KILLED = {"status": "killed"}
"""in place of a result that was never written"""


class Mirror:
    """Sends what W&B does not have yet. `trainer` is the process whose use of the machine is measured."""

    def __init__(self, folder: Path, settings: dict[str, Any], tags: list[str], trainer: int | None):
        self.folder, self.settings, self.tags, self.trainer = folder, settings, tags, trainer
        self.note = note.read(folder) or note.new(None)
        self.run: Any = None
        self.reachable = False
        """whether W&B could be reached, with credentials that work"""

    def open(self, online_only: bool = False) -> str | None:
        """Begin the W&B run, or go on with it: online, else offline. Why not, where it is neither."""
        mode, why = choose("online" if online_only else self.settings.get("mode", "auto"))
        self.reachable = mode == "online"
        if mode == "online" and online_only and not self._lacking():
            return None
        if mode == "online":
            try:
                self._begin("online")
            except Exception as error:  # whatever it is, W&B's trouble is not the run's
                mode, why = "offline", reason(error)
                abandon()
        if mode == "offline" and not online_only:
            self._begin("offline")
        if self.run is None:
            return why
        self.note.offline = None if mode == "online" else why
        self.note.delivered = False
        if mode == "online":
            self.note.url, self.note.entity, self.note.project = self.run.url, self.run.entity, self.run.project
            self.note.epochs = max(0, self.run.starting_step - 1)  # a row an epoch, epoch 1 at step 1
        self.note.write(self.folder)
        return None

    def _begin(self, mode: str) -> None:
        import wandb

        record = read_run(self.folder)
        root = self.folder.parent if self.note.group else self.folder  # `wandb leet` shows a sweep's runs together
        swept = bool(os.environ.get("WANDB_SWEEP_ID"))  # an agent's run: its id and project are the sweep's
        stage(mode)
        place = {} if swept else {"project": self.project, "entity": self.entity, "id": self.note.id, "resume": "allow"}
        self.run = wandb.init(
            **place,
            dir=str(root),
            mode=mode,  # type: ignore[arg-type]
            group=self.settings.get("group") or self.note.group,
            job_type="train",
            name=self.settings.get("name") or content.name(record.facts),
            tags=content.tags(record.facts, self.tags),
            config=content.config(record, self.note.group),
            reinit="finish_previous",
            settings=quiet(self.trainer),
        )
        if swept and self.run.id != self.note.id:
            self.note.id, self.note.epochs = self.run.id, 0
        self.run.define_metric("epoch", hidden=True)
        self.run.define_metric("*", step_metric="epoch")

    @property
    def project(self) -> str:
        return self.settings.get("project") or self.note.project or os.environ.get("WANDB_PROJECT") or "cnnlab"

    @property
    def entity(self) -> str | None:
        return self.settings.get("entity") or self.note.entity

    def catch_up(self) -> None:
        """Give W&B the epochs that it does not have. Those done again after an interruption came out the same."""
        rows = content.history(read_lines(self.folder / "metrics.jsonl"))
        for row in rows[self.note.epochs :]:
            self.run.log(row, step=row["epoch"], commit=True)
        self.note.epochs = max(self.note.epochs, len(rows))
        self.note.write(self.folder)

    def end(self, code: int | None = None) -> dict[str, Any]:
        """The rest of the record, and how the run ended: with `code`, else as its record says. Was it delivered?"""
        self.catch_up()
        record = read_run(self.folder)
        result = record.result or KILLED
        has = set(self.run.summary.keys())
        of_an_earlier_attempt = {key: "" for key in ("error", "warnings") if key in has}
        self.run.summary.update({**of_an_earlier_attempt, **content.summary(result)})
        if result["status"] == "ok":
            self._show(record, has)
        try:
            self.run.finish(exit_code=CODES.get(result["status"], 1) if code is None else code)
        except TimeoutError:
            return {"delivered": False, "why": f"the server has not taken all of it within {FINISH:.0f} s"}
        self.note.delivered = self.note.offline is None
        self.note.write(self.folder)
        return {"delivered": self.note.delivered or None}

    def _show(self, record: RunFolder, has: set[str]) -> None:
        """Pictures, tables and files, where W&B does not have them yet: `has` are the keys of its summary."""
        if "test/per_class_table" not in has and (shown := media.media(self.folder, self.settings)):
            self.run.log({"epoch": self.note.epochs, **shown}, commit=True)
        if self.settings.get("artifact") and "artifact" not in has:
            self.run.summary["artifact"] = media.log_model(self.run, self.folder, record)
        if self.settings.get("code") and "code" not in has:
            self.run.summary["code"] = media.log_code(self.run)

    def upload(self) -> dict[str, Any]:
        """`end`, and whether the server really has it: the client does not say what it gave up on."""
        if self.run is None:
            return {"delivered": True, "before": True}
        outcome, until = self.end(), time.monotonic() + SETTLE
        while outcome["delivered"] and (lacking := self._lacking()):
            if time.monotonic() > until:
                self.note.delivered = False
                self.note.write(self.folder)
                return {"delivered": False, "why": f"it was sent, but {lacking}"}
            time.sleep(0.5)
        return outcome

    def _lacking(self) -> str | None:
        """What W&B does not have of the run's epochs and its end; None where it has all, which is noted."""
        import wandb

        rows, result = read_lines(self.folder / "metrics.jsonl"), read_run(self.folder).result or KILLED
        path = "/".join(part for part in (self.entity, self.project, self.note.id) if part)
        try:
            shown_run = wandb.Api().run(path)
        except Exception as error:
            return f"W&B says of it: {reason(error)}"
        if shown_run.historyLineCount < len(rows):
            return f"W&B shows {shown_run.historyLineCount} of {len(rows)} epochs"
        shown = (shown_run.summary_metrics or {}).get("status")
        if shown != result["status"] or shown_run.state == "running":
            return f"W&B shows it as {shown_run.state}, its result as {shown}"
        self.note.url, self.note.entity, self.note.project = shown_run.url, shown_run.entity, shown_run.project
        self.note.offline, self.note.delivered = None, True
        self.note.write(self.folder)
        return None


def abandon() -> None:
    """Give up what W&B has begun, so that it can begin anew."""
    import wandb

    wandb.teardown()


def stage(mode: str) -> None:
    """Have W&B make ready what it sends in a temporary folder: it tells the server where that was, by default at home.

    Offline it stays where W&B has it: there it waits for `wandb sync`.
    """
    staging = os.environ.get(STAGING, "")
    if mode == "online" and not staging:
        os.environ[STAGING] = tempfile.mkdtemp(prefix=PREFIX)
        atexit.register(shutil.rmtree, os.environ[STAGING], ignore_errors=True)
    elif mode == "offline" and Path(staging).name.startswith(PREFIX):
        del os.environ[STAGING]


def quiet(trainer: int | None) -> Any:
    """W&B's: nothing printed, nothing waited for, nothing told that is not the run's."""
    import wandb

    return wandb.Settings(
        silent=True,
        console="off",  # this process prints nothing of interest
        init_timeout=INIT,
        finish_timeout=FINISH,
        finish_timeout_raises=True,
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        save_code=False,
        x_disable_meta=True,  # host, user, folders, command line
        x_save_requirements=False,
        host="",
        x_disable_stats=trainer is None,
        x_stats_pid=trainer or os.getpid(),
        x_transaction_log_flush_interval=1.0,  # seconds; by default 15 s are lost with a machine that goes down
    )
