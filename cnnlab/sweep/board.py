"""Progress of a sweep for who watches it: a table of arms and seeds on a terminal, else a line a job."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cnnlab.experiment.job import Job
from cnnlab.sweep.grid import SEED
from cnnlab.sweep.plan import SweepPlan
from cnnlab.tracking.reader import RunFolder

MARKS = {"failed": "failed", "diverged": "diverged", "interrupted": "stopped"}
STYLES = {"failed": "bold red", "diverged": "magenta", "interrupted": "yellow"}
MOST_SEEDS = 8
"""columns; more are counted, not listed"""


class RemainingTime:
    """Estimate of how long the rest will take, from how long jobs of the same arm, or any, have taken."""

    def __init__(self, arm: dict[Path, str]):
        self.arm, self.took, self.since = arm, {}, {}

    def started(self, job: Job) -> None:
        self.since[job.folder] = time.monotonic()

    def ended(self, job: Job) -> None:
        seconds = time.monotonic() - self.since.pop(job.folder)
        self.took.setdefault(self.arm[job.folder], []).append(seconds)

    def left(self, waiting: Sequence[Job], places: int, done: dict[Path, float]) -> float | None:
        """Seconds; None where nothing is known yet. `done` is the share that running jobs have behind them."""
        known = [seconds for several in self.took.values() for seconds in several]
        now = time.monotonic()
        for folder, since in self.since.items():
            if share := done.get(folder):
                known.append((now - since) / share)
        if not known:
            return None
        rest = sum(fmean(self.took.get(self.arm[job.folder], known)) for job in waiting)
        for folder, since in self.since.items():
            rest += max(fmean(self.took.get(self.arm[folder], known)) - (now - since), 0)
        return rest / places


class SweepTable:
    """A terminal that follows a SweepEngine. Everything shown is read from the jobs' folders."""

    def __init__(self, plan: SweepPlan, console: Console):
        self.plan, self.console = plan, console
        self.arms = list(dict.fromkeys(planned.arm for planned in plan.jobs))
        self.seeds = list(dict.fromkeys(planned.labels[SEED] for planned in plan.jobs))
        self.cells = {(planned.arm, planned.labels[SEED]): planned.job for planned in plan.jobs}
        self.titles = {planned.job.folder: arm_title(planned.arm) for planned in reversed(plan.jobs)}
        self.remaining = RemainingTime(self.titles)
        self.results: dict[Path, dict[str, Any]] = {}
        self.waiting: list[Job] = []
        self.running: list[Job] = []
        self.places, self.total, self.note = 1, 0, ""
        self.live: Live | None = None
        self.drawn = 0.0

    def begin(self, waiting: list[Job], places: int) -> None:
        self.waiting, self.places, self.total = list(waiting), places, len(waiting)
        there = {job.folder for job in waiting}
        self.results = {
            job.folder: RunFolder(job.folder).result or {} for job in self.plan.unique() if job.folder not in there
        }
        self.say(opening(self.plan, self.results, waiting, places))
        if waiting and self.console.is_terminal:
            self.live = Live(self._table(), console=self.console, auto_refresh=False, transient=True)
            self.live.start()

    def started(self, job: Job) -> None:
        self.waiting.remove(job)
        self.running.append(job)
        self.remaining.started(job)

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        if job in self.waiting:  # it ended before it began
            self.started(job)
        self.running.remove(job)
        self.results[job.folder] = result
        self.remaining.ended(job)
        done = self.total - len(self.waiting) - len(self.running)
        if self.live is None:
            left = self.remaining.left(self.waiting, self.places, {})
            rest = f"  {span(left)} left" if left and (self.waiting or self.running) else ""
            self.say(f"[{done}/{self.total}] {end_line(self._title(job), job, result)}{rest}")
        elif result["status"] != "ok":
            self.say(end_line(self._title(job), job, result))

    def look(self) -> None:
        if self.live and time.monotonic() - self.drawn > 0.4:
            self.drawn = time.monotonic()
            self.live.update(self._table(), refresh=True)

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Take the table away, and leave it as it is at the end."""
        if self.live:
            self.live.stop()
            self.live = None
            self.console.print(self._table())

    def _title(self, job: Job) -> str:
        return " ".join(filter(None, (self.titles[job.folder], f"seed {job.facts['seed']}")))

    def _table(self) -> RenderableType:
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 1))
        table.add_column("arm", overflow="fold")
        listed = self.seeds if len(self.seeds) <= MOST_SEEDS else []
        for seed in listed:
            table.add_column(f"s{seed}", justify="right", no_wrap=True)
        table.add_column("done" if not listed else "", justify="right")
        table.add_column("test accuracy", justify="right", no_wrap=True)
        for arm in self.arms:
            jobs = [self.cells[arm, seed] for seed in self.seeds if (arm, seed) in self.cells]
            results = [self.results.get(job.folder, {}) for job in jobs]
            cells = [self._cell(self.cells.get((arm, seed))) for seed in listed]
            ended = sum("status" in result for result in results)
            accuracies = [result["test/acc"] for result in results if result.get("test/acc") is not None]
            table.add_row(arm_title(arm) or "all", *cells, "" if listed else f"{ended}/{len(jobs)}", mean(accuracies))
        return Group(table, Text(self._foot(), style="dim"))

    def _cell(self, job: Job | None) -> Text:
        if job is None:
            return Text("")
        if result := self.results.get(job.folder):
            status = str(result.get("status", ""))
            if result.get("test/acc") is not None:
                return Text(f"{result['test/acc']:.3f}", style="green")
            return Text(MARKS.get(status, status), style=STYLES.get(status, ""))
        if job in self.running:
            return Text(f"{progress(job) * 100:.0f} %", style="cyan")
        return Text("·", style="dim")

    def _foot(self) -> str:
        done = self.total - len(self.waiting) - len(self.running)
        bad = sum(result.get("status") not in ("ok", None) for result in self.results.values())
        left = self.remaining.left(self.waiting, self.places, {job.folder: progress(job) for job in self.running})
        parts = [f"{done} of {self.total} done", f"{len(self.running)} running"]
        parts += [f"{bad} not well"] if bad else []
        parts += [f"about {span(left)} left"] if left and (self.waiting or self.running) else []
        return "  ·  ".join(parts)


def opening(plan: SweepPlan, results: dict[Path, dict[str, Any]], waiting: list[Job], places: int) -> str:
    """What is there already, and what is to be done."""
    jobs, statuses = plan.unique(), [result.get("status") for result in results.values()]
    same = len(plan.jobs) - len(jobs)
    parts = [f"{len(jobs)} jobs" + (f" ({same} more are the same as others of them)" if same else "")]
    parts += [f"{statuses.count(status)} {status}" for status in ("ok", "diverged", "failed") if status in statuses]
    threads = plan.manifest.threads
    each = f", {threads} thread{'s' * (threads != 1)} each" if threads else ""
    parts += [f"{len(waiting)} to train, {places} at once{each}" if waiting else "nothing to train"]
    text = f"{plan.folder}: {', '.join(parts)}"
    if "failed" in statuses:
        text += "; retry=failed trains the failed ones again"
    if plan.remade:
        text += (
            f"\n{plan.remade} of the jobs had other settings when they were first listed (files or versions have "
            "changed since); they are trained anew, and the earlier runs stay on disk"
        )
    return text


def end_line(title: str, job: Job, result: dict[str, Any]) -> str:
    """A job's end as a line."""
    seconds = f"{result.get('seconds') or 0:.1f} s"
    if result["status"] == "ok":
        warned = "".join(f"  ({warning.partition(':')[0]})" for warning in result.get("warnings") or ())
        accuracy = result.get("test/acc")
        return f"{title}  {'ok' if accuracy is None else f'{accuracy:.4f}'}  {seconds}{warned}"
    if result["status"] == "interrupted":
        return f"{title}  interrupted after {seconds}"
    reason = result.get("error") or ""
    return f"{title}  {result['status']}: {reason}  ({job.folder / 'run.log'})"


def progress(job: Job) -> float:
    """The share of its epochs that a running job has behind it."""
    try:
        rows = (job.folder / "metrics.jsonl").read_bytes().count(b"\n")
    except OSError:
        rows = 0
    return min(rows / job.run.trainer.max_epochs, 1.0)


def mean(values: Sequence[float]) -> str:
    """The mean, and half the width of its 95 % t interval where there are several.

    >>> mean([0.5]), mean([0.8, 0.82, 0.84])
    ('0.500', '0.820 ± 0.050')
    """
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else ""
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / math.sqrt(len(values))
    return f"{fmean(values):.3f} ± {half:.3f}"


def span(seconds: float) -> str:
    """
    >>> span(7), span(100), span(9000)
    ('7 s', '2 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def arm_title(arm: tuple[tuple[str, str], ...]) -> str:
    """
    >>> arm_title((("model.norm", "batch"), ("optimizer.lr", "0.1")))
    'norm=batch lr=0.1'
    """
    return " ".join(f"{name.rpartition('.')[2] or name}={label}" for name, label in arm)
