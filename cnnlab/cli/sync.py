"""`task=sync dir=…`: what W&B does not have is uploaded, a run after the other."""

from __future__ import annotations

import json
from pathlib import Path

from cnnlab.cli.output import Output
from cnnlab.cli.report import folders_named
from cnnlab.config.top import Top
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.tracking.mirror.upload import Outcome, mirrored, upload


def sync(top: Top) -> Exit:
    """Upload the runs at or below `dir=` that were to be at W&B; with logger=wandb all of them, and as that says."""
    roots = folders_named(top.dir, "sync")
    given = top.logger.wandb.plain() if top.logger.wandb else None
    folders = list(dict.fromkeys(run for root in roots for run in mirrored(root, also_unmirrored=given is not None)))
    if not folders:
        said = "no run that was logged to W&B lies in it; logger=wandb uploads those that were not, too"
        raise UserError(Fault("dir", said))
    console, outcomes = Output(), []
    for folder in folders:
        outcomes.append(upload(folder, given))
        if top.format == "text":
            console.print(_line(folder, outcomes[-1]), highlight=False, markup=False, soft_wrap=True)
        if outcomes[-1].unreachable:  # as it would be for all others
            raise UserError(Fault("", f"W&B: {outcomes[-1].said}"))
    done = sum(one.delivered for one in outcomes)
    if top.format == "json":
        print(json.dumps([{**vars(one), "folder": str(one.folder)} for one in outcomes]))
    else:
        console.print(f"{done} of {len(outcomes)} runs are at W&B", highlight=False)
    return Exit.DONE if done == len(outcomes) else Exit.SWEEP


def _line(folder: Path, one: Outcome) -> str:
    end = one.said if one.delivered else f"NOT uploaded: {one.said}"
    return f"{folder}  {end}" + (f"  {one.url}" if one.url else "")
