"""`task=dashboard dir=…`: a sweep's comparison at W&B, in the saved workspace of its project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console

from cnnlab.cli.output import Output
from cnnlab.cli.report import sweep_folders
from cnnlab.config.top import Top
from cnnlab.errors import Exit

if TYPE_CHECKING:
    from cnnlab.compare import Comparison

WIDTH = 100
"""columns of the verdict, which W&B shows as it stands"""


def dashboard(top: Top) -> Exit:
    """Judge the sweep as task=report does, and show it."""
    from cnnlab.compare import report
    from cnnlab.compare.comparison import record
    from cnnlab.tracking.mirror.publish import Verdict, publish

    found = report(sweep_folders(top.dir, "dashboard"))
    settings = top.logger.wandb.plain() if top.logger.wandb else {}
    runs = [trial.folder for trial in found.ledger.all()]
    shown = publish(found.folder, runs, Verdict(found.headline, plain(found), record(found)["contrasts"]), settings)
    if top.format == "json":
        print(json.dumps(vars(shown)))
    else:
        said = "made" if shown.new else "brought up to date"
        Output().print(
            f"the workspace was {said}\n  workspace  {shown.workspace}\n  report     {shown.report}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return Exit.DONE


def plain(found: Comparison) -> str:
    """The terminal's verdict without colours."""
    from cnnlab.compare import text

    console = Console(width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as said:
        console.print(text(found), highlight=False)
    return said.get().strip("\n")
