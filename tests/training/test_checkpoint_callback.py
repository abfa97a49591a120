"""Mirrors cnnlab/training/checkpoint_callback.py: when a checkpoint is written, with what, and when a run leaves."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from classifiers import classifier, equal, fit, weights
from rich.console import Console

from cnnlab.errors import UserError
from cnnlab.metrics.monitor import Monitor
from cnnlab.training.callbacks import StopSignals
from cnnlab.training.checkpoint import read_checkpoint
from cnnlab.training.checkpoint_callback import CheckpointCallback
from cnnlab.training.classifier import Diverged
from cnnlab.training.settings import CheckpointInterval


class Record:
    """The rows of a run's record; of each, which checkpoints there were when it was written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows, self.there = folder, [], []

    def epoch(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self.there.append(sorted(file.name for file in self.folder.iterdir()))


class Validated(pl.Callback):
    """Makes validation come out as told, an accuracy an epoch."""

    def __init__(self, *accuracies: float) -> None:
        self.accuracies = accuracies

    def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
        module.judged = {"val/loss": 1.0, "val/acc": self.accuracies[trainer.current_epoch]}


def keeper(
    folder: Path, every: CheckpointInterval | None = None
) -> tuple[CheckpointCallback, Record, list[dict[str, Any]]]:
    record, heard = Record(folder), []
    signals = StopSignals(Console(quiet=True))
    return (
        CheckpointCallback(folder, record, signals, every or CheckpointInterval(epochs=1), heard.append),
        record,
        heard,
    )


def kept(folder: Path) -> dict[str, tuple[int, int]]:
    """Each checkpoint's epochs and steps of the next."""
    facts = {file.stem: read_checkpoint(file)["cnnlab"] for file in folder.glob("*.ckpt")}
    return {name: (fact["epochs"], fact["steps"]) for name, fact in facts.items()}


def run(folder: Path, *accuracies: float, every: CheckpointInterval | None = None, **options: Any) -> Record:
    checkpoints, record, heard = keeper(folder, every)
    fit(classifier(), epochs=len(accuracies), callbacks=[Validated(*accuracies), checkpoints], **options)
    assert heard == record.rows
    return record


def test_after_each_epoch_the_newest_is_kept_the_one_before_it_and_the_best(tmp_path: Path) -> None:
    record = run(tmp_path, 0.5, 0.7, 0.6, 0.7)
    assert [row["epoch"] for row in record.rows] == [1, 2, 3, 4]
    assert kept(tmp_path) == {"last": (4, 0), "previous": (3, 0), "best": (2, 0)}
    assert record.there[0] == []  # an epoch's row is there before its checkpoint
    assert record.there[1] == ["best.ckpt", "last.ckpt"]


@pytest.mark.parametrize(
    ("monitor", "best"), [(Monitor("val/loss", -1), 3), (Monitor("val/f1", 1), 1), (Monitor("val/acc", 1), 2)]
)
def test_the_best_epoch_is_the_monitors_and_the_first_of_equals(tmp_path: Path, monitor: Monitor, best: int) -> None:
    class Comes(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
            place = trainer.current_epoch
            accs, losses, f1 = (0.4, 0.7, 0.6, 0.7), (0.9, 0.8, 0.7, 0.7), float("nan")
            module.judged = {"val/loss": losses[place], "val/acc": accs[place], "val/f1": f1}

    checkpoints, _, _ = keeper(tmp_path)
    checkpoints.monitor = monitor
    fit(classifier(), epochs=4, callbacks=[Comes(), checkpoints])
    assert kept(tmp_path)["best"] == (best, 0)  # where no epoch has a number, the first


def test_a_number_that_no_row_has_is_the_users_fault(tmp_path: Path) -> None:
    checkpoints, _, _ = keeper(tmp_path)
    checkpoints.monitor = Monitor("calm/mean", 1)
    with pytest.raises(
        UserError, match=r"^checkpoint.monitor: epoch 1 has not recorded calm/mean; it has train/loss, "
    ):
        fit(classifier(), callbacks=[checkpoints])


@pytest.mark.parametrize(
    ("every", "accuracies", "newest", "before"),
    [
        (CheckpointInterval(epochs=2), (0.5, 0.4, 0.3, 0.2, 0.1), 5, 4),
        (CheckpointInterval(epochs=100), (0.5, 0.4, 0.3, 0.2, 0.1), 5, 1),
        (CheckpointInterval(epochs=100), (0.1, 0.4, 0.3, 0.2, 0.1), 5, 2),
    ],
)
def test_a_checkpoint_is_written_when_it_is_due_the_best_or_the_last(
    tmp_path: Path, every: CheckpointInterval, accuracies: tuple[float, ...], newest: int, before: int
) -> None:
    run(tmp_path, *accuracies, every=every)
    found = kept(tmp_path)
    assert (found["last"], found["previous"]) == ((newest, 0), (before, 0))


def test_a_checkpoint_within_an_epoch_says_how_many_steps_it_has(tmp_path: Path) -> None:
    seen: list[dict[str, tuple[int, int]]] = []

    class Looks(pl.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            seen.append(kept(tmp_path))

    checkpoints, _, _ = keeper(tmp_path, CheckpointInterval(epochs=1, steps=2))
    fit(classifier(), callbacks=[Looks(), checkpoints])
    assert [found.get("last") for found in seen] == [None, None, (0, 2), (0, 2), (0, 4)]
    assert kept(tmp_path)["last"] == (1, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_obeyed_after_the_step_with_a_checkpoint_to_go_on_from(tmp_path: Path, number: int) -> None:
    checkpoints, record, _ = keeper(tmp_path)

    class Asks(pl.Callback):
        def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
            if trainer.global_step == 5:
                checkpoints.signals.received = int(number)

    with pytest.raises(SystemExit) as ended:
        fit(classifier(), epochs=3, callbacks=[Asks(), checkpoints])
    assert ended.value.code == 128 + number
    assert (kept(tmp_path)["last"], len(record.rows)) == ((1, 2), 1)

    straight, broken = classifier(), classifier()
    fit(straight, epochs=3)
    again, rows, _ = keeper(tmp_path)
    fit(broken, epochs=3, callbacks=[again], checkpoint=tmp_path / "last.ckpt")
    assert equal(weights(broken), weights(straight))
    assert [row["epoch"] for row in rows.rows] == [2, 3]


def test_the_best_so_far_is_known_to_a_run_that_goes_on(tmp_path: Path) -> None:
    run(tmp_path, 0.9, 0.5)
    checkpoints, _, _ = keeper(tmp_path)
    fit(classifier(), epochs=3, callbacks=[Validated(0, 0, 0.8), checkpoints], checkpoint=tmp_path / "last.ckpt")
    assert (checkpoints.best, checkpoints.best_epoch) == (0.9, 1)
    assert kept(tmp_path) == {"last": (3, 0), "previous": (2, 0), "best": (1, 0)}


def test_no_checkpoint_is_made_of_a_state_that_is_not_finite(tmp_path: Path) -> None:
    class Breaks(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
            if trainer.current_epoch == 1:
                with torch.no_grad():
                    next(module.parameters()).fill_(float("nan"))
                module.validation_step = lambda *_: None

    checkpoints, record, _ = keeper(tmp_path)
    with pytest.raises(Diverged):
        fit(classifier(), epochs=2, callbacks=[Breaks(), checkpoints])
    assert (kept(tmp_path)["last"], len(record.rows)) == ((1, 0), 1)
