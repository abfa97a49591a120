"""The callback that writes a run's record and checkpoints."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from cnnlab.errors import Fault, UserError
from cnnlab.metrics.monitor import PATH, Monitor
from cnnlab.tracking import durable
from cnnlab.tracking.stop_signals import exit_code
from cnnlab.training.callbacks import StopSignals
from cnnlab.training.checkpoint import BEST, LAST, PREVIOUS
from cnnlab.training.settings import CheckpointInterval


class CheckpointCallback(Checkpoint):
    """Callback that writes an epoch's row, and a checkpoint when one is due, when it is the best, and before leaving.

    None is made of a state that is not finite: nothing could go on from it. The best is a file of its own, so that
    what damages the newest leaves it. Lightning calls a Checkpoint last, so what other callbacks made of the epoch is
    in it. `tell` hears of an epoch when it is on disk. A signal is obeyed here: the steps in progress are finished,
    saved, and the process ends with its exit code.
    """

    def __init__(
        self,
        folder: Path,
        record: Any,
        signals: StopSignals,
        every: CheckpointInterval,
        tell: Callable[[dict], None],
        monitor: Monitor | None = None,
    ) -> None:
        self.folder, self.record, self.signals, self.every, self.tell = folder, record, signals, every, tell
        self.monitor = monitor or Monitor()
        self.best, self.best_epoch = -math.inf, 0
        durable.make_folder(folder)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        first, end = batch
        if first == end or trainer.should_stop:  # the epoch's end is at hand
            return
        if self.signals.received or (self.every.steps and end % (self.every.steps * module.accumulate) == 0):
            module.look_at_state()
            self.save(trainer, module, trainer.current_epoch, module.progress.step)
            self.leave()

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        module.look_at_state()
        row = module.row()
        score = self.score(row)
        improved = score > self.best or not self.best_epoch
        if improved:
            self.best, self.best_epoch = score, row["epoch"]
        self.record.epoch(row)
        is_last = trainer.should_stop or row["epoch"] == trainer.max_epochs
        if (
            improved
            or is_last
            or self.signals.received
            or (self.every.epochs and row["epoch"] % self.every.epochs == 0)
        ):
            self.save(trainer, module, row["epoch"], 0)
        if improved:
            durable.copy(self.folder / LAST, self.folder / BEST)
        self.tell(row)
        self.leave()

    def score(self, row: dict[str, Any]) -> float:
        """An epoch's number, the higher the better. UserError where a metric has not recorded what it said it would."""
        try:
            return self.monitor.score(row)
        except KeyError:
            recorded = ", ".join(key for key, value in row.items() if isinstance(value, float))
            message = f"epoch {row['epoch']} has not recorded {self.monitor.key}; it has {recorded}"
            raise UserError(Fault(PATH, message)) from None

    def save(self, trainer: pl.Trainer, module: Any, epochs: int, steps: int) -> None:
        """The newest checkpoint; the one before it stays."""
        module.facts |= {"epochs": epochs, "steps": steps, "best_epoch": self.best_epoch, "stop": trainer.should_stop}
        if not steps:
            module.facts["val_recall"] = module.validated.by_class.recall
        last = self.folder / LAST
        if last.exists():
            os.replace(last, self.folder / PREVIOUS)
        trainer.save_checkpoint(last)

    def leave(self) -> None:
        if self.signals.received:
            raise SystemExit(exit_code(self.signals.received))
