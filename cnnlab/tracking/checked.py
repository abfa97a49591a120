"""A run's folder read leniently: what cannot be true is left out and named, and the rest is still read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.tracking.lock import abandoned
from cnnlab.tracking.reader import ENDS, RunFolder, RunStatus, best_row, is_as_written, is_number

ACCURACIES = ("test/acc", "test/balanced_acc", "test/f1", "test/acc5", "best/val_acc")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class CheckedRun:
    """What can be believed of a run's record, and what is wrong with the rest."""

    status: RunStatus
    result: Mapping[str, Any]
    facts: Mapping[str, Any]
    rows: tuple[Row, ...]
    network: Mapping[str, Any]
    config: Mapping[str, Any]
    problems: tuple[str, ...]


def checked_run(folder: Path) -> CheckedRun:
    """The run in `folder`; nothing in it raises."""
    run = RunFolder(folder)
    run.read_all()
    remarks = [run.damages[name].remark for name in READ if name in run.damages]
    result, wrong = _checked(run)
    status, unknown = _status(run, result)
    problems = (*remarks, *wrong, *unknown)
    return CheckedRun(status, result or {}, run.facts, tuple(run.rows), run.network, run.config, problems)


READ = ("run.json", "result.json", "metrics.jsonl", "network.json", "config.yaml")
"""files whose damages are told, in this order"""


def _checked(run: RunFolder) -> tuple[dict[str, Any] | None, list[str]]:
    """The result without what is not true of it; None where there is none, or somebody has changed it."""
    problems: list[str] = []
    result = run.result
    if result is not None and not is_as_written(result):
        changed = "result.json: was changed after the run had ended (its checksum does not hold); not used"
        return None, [changed]
    return (None if result is None else dict(_sound(result, run.rows, problems))), problems


def _status(run: RunFolder, result: Mapping[str, Any] | None) -> tuple[RunStatus, list[str]]:
    if result is None:
        if os.path.exists(run.folder / "result.json"):
            return "damaged", []
        if not run.begun:
            return "waiting", []
        return ("interrupted" if abandoned(run.folder) else "running"), []
    status = result.get("status")
    if status not in ENDS:
        return "damaged", [f"result.json: status is {json.dumps(status)[:40]}, not one of {', '.join(ENDS)}"]
    return status, []


def _sound(result: Mapping[str, Any], rows: Sequence[Row], problems: list[str]) -> Iterator[Any]:
    """The items of a result that can be true: an accuracy lies in [0, 1], and a number is one."""
    for key, value in result.items():
        seen = _best(rows, result) if key == "best/val_acc" else None
        if seen is not None and is_number(value) and abs(value - seen) > 1e-9:
            problems.append(f"result.json: best/val_acc is {value:g}, but metrics.jsonl has {seen:g}; one was edited")
        if key in ACCURACIES and value is not None and not (is_number(value) and 0 <= value <= 1):
            problems.append(f"result.json: {key} is {json.dumps(value)[:40]}, which is no accuracy; not used")
            continue
        yield key, value


def _best(rows: Sequence[Row], result: Mapping[str, Any]) -> float | None:
    """The validation accuracy of the epoch that the run's monitor has chosen."""
    monitor = result.get("monitor", "val/acc")
    best = best_row(rows, monitor, result.get("monitor_mode")) if isinstance(monitor, str) else None
    return best["val/acc"] if best and is_number(best.get("val/acc")) else None
