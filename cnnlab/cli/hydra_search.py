"""A search by one of Hydra's optimising sweepers: what its jobs are worth, in which direction, and what it ends in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from cnnlab import dotted
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.config.together import monitor_of
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.metrics.keys import ROW
from cnnlab.metrics.monitor import Monitor
from cnnlab.origin import COMMAND_LINE
from cnnlab.tracking.reader import RunFolder, is_number

DIRECTIONS: Mapping[str, Mapping[Any, str]] = {
    "direction": {"maximize": "max", "minimize": "min"},
    "optim.maximize": {True: "max", False: "min"},
    "ax_config.experiment.minimize": {False: "max", True: "min"},
}
"""setting of a sweeper (Optuna's, Nevergrad's, Ax's) -> its values, and what each looks for"""
SHOWN = 20
"""rows of the table"""


def check_direction(composed: Composed, run: Run) -> None:
    """UserError where the sweeper looks for the other end of `checkpoint.monitor`, or nobody knows for which."""
    monitor, name = monitor_of(run.top), composed.choices.get("hydra/sweeper")
    assert composed.hydra_config
    from omegaconf import OmegaConf

    sweeper: Any = OmegaConf.to_container(composed.hydra_config.hydra.sweeper, resolve=False)
    for key, meanings in DIRECTIONS.items():
        value = dotted.get(sweeper, key)
        value = value.name if isinstance(value, Enum) else value
        if value is None:
            continue
        path = f"hydra.sweeper.{key}"
        if not isinstance(value, str | bool):
            raise UserError(
                Fault(path, f"a job has one value, that of {monitor.key}; write {_right(meanings, monitor)}")
            )
        if meanings.get(value) != monitor.mode:
            how = "higher" if monitor.better > 0 else "lower"
            message = f"is {str(value).lower()}, but {monitor.key} (checkpoint.monitor) is better the {how} it is"
            raise UserError(Fault(path, f"{message}; write {path}={_right(meanings, monitor)}", origin=COMMAND_LINE))
        return
    known = "hydra/sweeper=optuna, nevergrad or ax"
    raise UserError(
        Fault("hydra/sweeper", f"whether {name} looks for the highest or the lowest is not known; use {known}")
    )


def _right(meanings: Mapping[Any, str], monitor: Monitor) -> str:
    return next(str(value).lower() for value, mode in meanings.items() if mode == monitor.mode)


def value_of(folder: Path, run: Run | None) -> float:
    """What a job is worth to a sweeper: the best value of `checkpoint.monitor`.

    It is the worst one for a job that did not end well. The test images have no say: a search would choose by them.
    """
    monitor = monitor_of(run.top) if run else Monitor()
    result = RunFolder(folder).result or {}
    value = result.get("best/monitor")
    if result.get("status") == "ok" and is_number(value):
        return float(value)
    info = ROW.get(monitor.key)
    return 0.0 if info and info.is_share and monitor.better > 0 else -monitor.better * math.inf


def conclude(folder: Path, run: Run) -> tuple[str, Exit]:
    """The table that a search ends in, and its exit code. There is no verdict: its jobs have not had equal chances."""
    monitor, runs = monitor_of(run.top), [RunFolder(path.parent) for path in folder.glob("*/run.json")]
    ranked = sorted(runs, key=lambda run_folder: -monitor.better * value_of(run_folder.folder, run))
    statuses = [run_folder.status for run_folder in runs]
    failed = len(runs) - statuses.count("ok") - statuses.count("diverged")
    code = Exit.DONE if "ok" in statuses and not failed else Exit.SWEEP
    return "\n".join(_lines(ranked, monitor, folder)), code


def _lines(ranked: Sequence[RunFolder], monitor: Monitor, folder: Path) -> Iterator[str]:
    yield f"{folder}: {len(ranked)} runs, by the best {monitor.key} of each (validation images)"
    overrides = [list(map(str, run.facts.get("overrides") or ())) for run in ranked]
    shared = set(overrides[0]).intersection(*overrides[1:]) if len(ranked) > 1 else set()
    for run, words in zip(ranked[:SHOWN], overrides, strict=False):
        value = (run.result or {}).get("best/monitor")
        shown = f"{value:.4f}" if run.status == "ok" and is_number(value) else run.status or "killed"
        yield f"  {shown:>11}  {' '.join(word for word in words if word not in shared)}  ({run.folder.name})"
    if len(ranked) > SHOWN:
        yield f"  … and {len(ranked) - SHOWN} more"
    yield "No verdict: a search tries each setting once. To compare some of them: -m KEY=VALUE,VALUE seed=0,1,2,3,4"
