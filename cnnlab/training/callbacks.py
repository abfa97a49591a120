"""What a person sees while training, and how a person stops it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cnnlab.tracking.stop_signals import STOPPING, exit_code
from cnnlab.training.settings import TrainerSettings


class EpochLines(pl.Callback):
    """A line an epoch; on a terminal, a bar within the epoch too; nothing where no progress is wanted."""

    def __init__(self, console: Console, settings: TrainerSettings):
        self.console, self.wanted, self.epochs = console, settings.progress, settings.max_epochs
        self.bar: Progress | None = None

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Any) -> None:
        if self.wanted and self.console.is_terminal:
            label = f"epoch {trainer.current_epoch + 1}/{self.epochs}"
            columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns, console=self.console, transient=True, refresh_per_second=8)
            self.task = self.bar.add_task("", total=len(module.train_batches))
            self.bar.start()

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.bar:
            self.bar.update(self.task, completed=module.progress.step)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.close()

    def epoch(self, row: dict[str, Any]) -> None:
        """The line of an epoch."""
        if not self.wanted:
            return
        learned = (
            f"epoch {row['epoch']:>{len(str(self.epochs))}}/{self.epochs}  "
            f"train loss {row['train/loss']:.3f} acc {row['train/acc']:.3f}  "
            f"val loss {row['val/loss']:.3f} acc {row['val/acc']:.3f}"
        )
        line = f"{learned}  {row['seconds']:.1f} s  {row['images_per_second']:,.0f} images/s"
        fits = not self.console.is_terminal or len(line) <= self.console.width
        self.console.print(line if fits else learned, highlight=False, soft_wrap=not self.console.is_terminal)

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        self.close()

    def close(self) -> None:
        if self.bar:
            self.bar.stop()
            self.bar = None


class StopSignals(pl.Callback):
    """Notes signals that ask for an end, so that training ends after the step in progress; a second ends it at once.

    Installed at the start of training, when Lightning's own handlers are: those end with exit 0 or 1.
    """

    def __init__(self, console: Console):
        self.console = console
        self.received: int | None = None
        self.before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self.before = {number: signal.signal(number, self.note) for number in STOPPING}

    def note(self, number: int, frame: Any) -> None:
        if self.received is not None:
            raise SystemExit(exit_code(number))
        self.received = number
        self.console.print("stopping after this step; once more to stop at once")

    def teardown(self, trainer: pl.Trainer, module: Any, stage: str) -> None:
        self.restore()

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        self.restore()

    def restore(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}
