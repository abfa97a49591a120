"""A sweep's comparison at W&B: a run of type `report` that holds it, and the project's workspace that shows it."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.errors import Fault, UserError
from cnnlab.tracking.durable import read_lines
from cnnlab.tracking.mirror import content, note, workspace
from cnnlab.tracking.mirror.choose import choose, reason
from cnnlab.tracking.mirror.mirror import quiet, stage
from cnnlab.tracking.mirror.process import environment
from cnnlab.tracking.mirror.upload import recorded_settings

CURVES = {
    *("epoch", "step", "seconds", "images_per_second", "lr", "train/acc", "train/loss"),
    *("val/acc", "val/balanced_acc", "val/f1", "val/acc5", "val/loss"),
}
"""keys that the workspace shows by itself, or that say little beside those that it shows"""
MOST_CURVES = 12


@dataclass(frozen=True)
class PublishedComparison:
    """What is to be said of a sweep."""

    headline: str
    text: str
    """as the terminal has it"""
    contrasts: Sequence[Mapping[str, Any]]
    """of comparison.json"""


@dataclass(frozen=True)
class PublishedSweep:
    """Where it is to be seen."""

    workspace: str
    report: str
    new: bool


def publish(
    folder: Path, runs: Sequence[Path], verdict: PublishedComparison, settings: Mapping[str, Any]
) -> PublishedSweep:
    """Log the comparison in `folder` and save the workspace. UserError where W&B cannot be reached, or has no run."""
    workspace.check()
    uploaded = [(run, entry) for run in runs if (entry := note.read(run)) and entry.url]
    if not uploaded:
        message = f"no run of {folder} is at W&B yet: {note.later(folder)} logger=wandb"
        raise UserError(Fault("dir", message))
    os.environ.update(environment())
    mode, why = choose("online")
    if mode != "online":
        raise UserError(Fault("", f"W&B: {why}"))
    stage(mode)
    known = note.read(folder) or note.new(folder.resolve().name)
    run, mirrored = uploaded[-1]
    known.entity = settings.get("entity") or mirrored.entity
    known.project = settings.get("project") or mirrored.project
    known.write(folder)  # before anything is there, so that it is found again
    group = settings.get("group") or recorded_settings(run)[0].get("group") or mirrored.group or folder.resolve().name
    try:
        entity, project = _log(folder, known, group, verdict)
        text = content.tilde(f"**{verdict.headline}**\n\n```\n{verdict.text}\n```\n")
        address, new = workspace.save(entity, project, group, text, _extra(runs))
    except Exception as error:
        raise UserError(Fault("", f"W&B: {reason(error)}")) from error
    known.delivered = True
    known.write(folder)
    return PublishedSweep(address, known.url or "", new)


def _log(folder: Path, known: note.Note, group: str, verdict: PublishedComparison) -> tuple[str, str]:
    """The report's run, or a further step of it; its entity and project."""
    import wandb

    run = wandb.init(
        project=known.project,
        entity=known.entity,
        id=known.id,
        resume="allow",
        dir=str(folder),
        mode="online",
        group=group,
        job_type="report",
        name=f"report {group}"[:128],
        config={"variant": "report", "sweep": group},
        settings=quiet(None),
    )
    known.entity, known.project, known.url = run.entity, run.project, run.url
    page = content.tilde((folder / "report.html").read_text(encoding="utf-8"))
    shown: dict[str, Any] = {"report/page": wandb.Html(page, inject=False)}
    shown |= {"report/contrasts": _contrasts(verdict.contrasts), "report/runs": _runs(folder / "runs.csv")}
    run.log(shown)
    run.summary.update(content.tilde({"verdict": verdict.headline, "verdict/text": verdict.text, "status": "ok"}))
    run.finish(exit_code=0)
    return run.entity, run.project


COLUMNS = ("factor", "arm", "reference", "metric", "n", "mean", "low", "high", "p", "verdict", "sentence")


def _contrasts(contrasts: Sequence[Mapping[str, Any]]) -> Any:
    import wandb

    table = wandb.Table(columns=list(COLUMNS))
    for contrast in contrasts:
        low, high = contrast.get("interval") or (None, None)
        row = {**contrast, "low": low, "high": high}
        table.add_data(*(content.tilde(_cell(row.get(key))) for key in COLUMNS))
    return table


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def _runs(file: Path) -> Any:
    import wandb

    with file.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    return wandb.Table(columns=[*head], data=[[content.tilde(cell) for cell in row] for row in rows])


def _extra(runs: Sequence[Path]) -> list[str]:
    """What the runs measured by epoch besides the usual."""
    names: dict[str, None] = {}
    for run in runs:
        for row in read_lines(run / "metrics.jsonl")[-1:]:
            names.update(dict.fromkeys(key for key, value in row.items() if isinstance(value, int | float)))
    return [name for name in names if name not in CURVES][:MOST_CURVES]
