"""`task=dashboard`: a sweep's comparison at W&B, in the saved workspace of its project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit

if TYPE_CHECKING:
    from cnnlab.comparison import Comparison

WIDTH = 100
"""columns of the verdict, which W&B shows as it stands"""


class Dashboard(Task):
    """Task that judges a sweep as task=report does, and shows it at W&B."""

    name = "dashboard"
    help = "dir=SWEEP: show its comparison in the workspace of its W&B project (logger=wandb)"
    has_folder = False

    def run(self, context: TaskContext) -> Exit:
        from cnnlab.cli.folders import sweep_folders
        from cnnlab.comparison import report
        from cnnlab.comparison.comparison import record
        from cnnlab.tracking.mirror.publish import PublishedComparison, publish
        from cnnlab.untrusted.terminal import Output

        top = context.run.top
        comparison = report(sweep_folders(top.dir, self.name))
        settings = top.logger.wandb.plain() if top.logger.wandb else {}
        runs = [trial.folder for trial in comparison.ledger.all()]
        verdict = PublishedComparison(comparison.headline, plain_text(comparison), record(comparison)["contrasts"])
        shown = publish(comparison.folder, runs, verdict, settings)
        if top.format == "json":
            print(json.dumps(vars(shown)))
            return Exit.DONE
        done = "made" if shown.new else "brought up to date"
        Output().print(
            f"the workspace was {done}\n  workspace  {shown.workspace}\n  report     {shown.report}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        return Exit.DONE


def plain_text(comparison: Comparison) -> str:
    """The terminal's verdict without colors."""
    from rich.console import Console

    from cnnlab.comparison import text

    console = Console(width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(text(comparison), highlight=False)
    return captured.get().strip("\n")
