"""`task=report`: a comparison from what lies on disk."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Report(Task):
    """Task that judges sweeps again."""

    name = "report"
    help = "dir=SWEEP: judge a sweep, or several, from what is on disk, and rebuild report.html"
    has_folder = False

    def run(self, context: TaskContext) -> Exit:
        """Write the comparison into the folder of the first sweep that `dir=` names, and show it."""
        from cnnlab.cli.folders import sweep_folders
        from cnnlab.comparison import report, text
        from cnnlab.comparison.comparison import record
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        top = context.run.top
        comparison = report(sweep_folders(top.dir, self.name), top.accept or ())
        if top.format == "json":
            print(json_text(record(comparison)))
        else:
            Output().print(text(comparison), highlight=False)
        return Exit.DONE
