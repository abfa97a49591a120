"""`task=sync`: what W&B does not have is uploaded, a run after the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.tracking.mirror.upload import Outcome


class Sync(Task):
    """Task that uploads the runs at or below `dir=` that were to be at W&B."""

    name = "sync"
    help = "dir=FOLDER: upload what W&B does not have of the runs in it"
    has_folder = False

    def run(self, context: TaskContext) -> Exit:
        """Upload; with logger=wandb all runs, and as that says."""
        from cnnlab.cli.folders import folders_named
        from cnnlab.tracking.mirror.upload import mirrored, upload
        from cnnlab.untrusted.terminal import Output

        top = context.run.top
        roots = folders_named(top.dir, self.name)
        settings = top.logger.wandb.plain() if top.logger.wandb else None
        runs = (run for root in roots for run in mirrored(root, also_unmirrored=settings is not None))
        folders = list(dict.fromkeys(runs))
        if not folders:
            message = "no run that was logged to W&B lies in it; logger=wandb uploads those that were not, too"
            raise UserError(Fault("dir", message))
        console, outcomes = Output(), []
        for folder in folders:
            outcomes.append(upload(folder, settings))
            if top.format == "text":
                console.print(_line(folder, outcomes[-1]), highlight=False, markup=False, soft_wrap=True)
            if outcomes[-1].unreachable:  # as it would be for all others
                raise UserError(Fault("", f"W&B: {outcomes[-1].explanation}"))
        done = sum(outcome.delivered for outcome in outcomes)
        if top.format == "json":
            print(json.dumps([outcome.plain() for outcome in outcomes]))
        else:
            console.print(f"{done} of {len(outcomes)} runs are at W&B", highlight=False)
        return Exit.DONE if done == len(outcomes) else Exit.SWEEP


def _line(folder: Path, outcome: Outcome) -> str:
    ended = outcome.explanation if outcome.delivered else f"NOT uploaded: {outcome.explanation}"
    return f"{folder}  {ended}" + (f"  {outcome.url}" if outcome.url else "")
