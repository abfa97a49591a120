"""Those who follow a run's record while it is written: the loggers that its settings name."""

from __future__ import annotations

from rich.console import Console

from cnnlab.experiment.job import Job
from cnnlab.tracking.loggers import LoggedRun, RunListener, follow


def listeners(job: Job, console: Console) -> list[RunListener]:
    """One a logger."""

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    run = LoggedRun(job.folder, job.run.top.tags, job.sweep, say)
    return [listener for logger in job.run.top.logger.chosen() if (listener := follow(logger, run))]
