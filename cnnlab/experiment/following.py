"""Those who follow a run's record while it is written: the loggers that its settings name."""

from __future__ import annotations

from typing import Any, Protocol

from rich.console import Console

from cnnlab.experiment.job import Job


class Follower(Protocol):
    """Hears of an epoch when its row is on disk, and of the end when result.json is; must neither raise nor block."""

    def epoch(self, row: dict[str, Any]) -> None: ...
    def end(self, code: int) -> None: ...


def followers(job: Job, console: Console) -> list[Follower]:
    """One a logger."""
    said, found = job.run.top.logger, []

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    if said.tensorboard:
        from cnnlab.tracking.boards import Board

        found.append(Board(job.folder, said.tensorboard.images))
    if said.wandb:
        from cnnlab.tracking.mirror.follower import Follower as Mirror

        try:
            found.append(Mirror(job.folder, said.wandb.model_dump(), list(job.run.top.tags), job.sweep, say))
        except OSError as error:  # no process to be had
            say(f"W&B: nothing is sent: {error}")
    return found
