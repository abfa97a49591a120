"""Mirrors cnnlab/training/average.py: the moving average, against one worked out beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from classifiers import batches, classifier, equal, fit, weights
from rich.console import Console
from torch import Tensor

from cnnlab.training.average import WeightAverage
from cnnlab.training.callbacks import StopSignals
from cnnlab.training.checkpoint import read_checkpoint
from cnnlab.training.checkpoint_callback import CheckpointCallback
from cnnlab.training.classifier import LEARNING
from cnnlab.training.evaluate import evaluate
from cnnlab.training.settings import CheckpointInterval


class ByHand(pl.Callback):
    """Follows the weights after each step with the formula, and evaluates what comes out."""

    def __init__(self, decay: float) -> None:
        self.decay, self.losses, self.judged = decay, [], []

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        self.average = weights(module)

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        first, end = batch
        if first == end:  # no step: it closes the epoch
            return
        for name, value in weights(module).items():
            whole = not value.is_floating_point()
            self.average[name] = value if whole else self.decay * self.average[name] + (1 - self.decay) * value

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        other = classifier()
        other.load_state_dict(self.average)
        self.losses.append(evaluate(other, batches(12)).loss)
        self.judged.append(module.judged["val/loss"])


def close(some: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert some.keys() == others.keys()
    for name, value in some.items():
        torch.testing.assert_close(value, others[name], rtol=1e-5, atol=1e-6)


def checkpoints(folder: Path) -> CheckpointCallback:
    class Rows:
        def epoch(self, row: dict[str, Any]) -> None:
            pass

    return CheckpointCallback(
        folder, Rows(), StopSignals(Console(quiet=True)), CheckpointInterval(epochs=1, steps=2), lambda row: None
    )


def test_it_follows_the_formula_is_what_is_judged_and_what_is_kept(tmp_path: Path) -> None:
    by_hand, module = ByHand(0.8), classifier(ema_decay=0.8)
    fit(module, epochs=3, callbacks=[by_hand, checkpoints(tmp_path)])
    assert module.average is not None
    close(module.average.average, by_hand.average)
    assert by_hand.judged == pytest.approx(by_hand.losses, rel=1e-5)
    assert "body.a.0.norm.running_var" in by_hand.average  # averaged like weights
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert equal(saved["state_dict"], module.average.average)
    assert equal(saved[LEARNING], weights(module))
    assert read_checkpoint(tmp_path / "best.ckpt")["state_dict"].keys() == weights(module).keys()


def test_training_itself_is_the_same_to_the_bit_with_it_and_without() -> None:
    plain, averaged = classifier(), classifier(ema_decay=0.9)
    for module in (plain, averaged):
        fit(module, epochs=2)
    assert equal(weights(plain), weights(averaged))


def test_going_on_from_a_checkpoint_within_an_epoch_changes_no_bit(tmp_path: Path) -> None:
    straight, broken, again = (classifier(ema_decay=0.7) for _ in range(3))
    fit(straight, epochs=2)
    fit(broken, epochs=2, max_steps=7, callbacks=[checkpoints(tmp_path)])
    before = torch.load(tmp_path / "previous.ckpt", weights_only=True)
    assert (before["cnnlab"]["epochs"], before["cnnlab"]["steps"]) == (1, 2)
    fit(again, epochs=2, checkpoint=tmp_path / "previous.ckpt")
    assert again.average
    assert straight.average
    assert equal(weights(again), weights(straight))
    assert equal(again.average.average, straight.average.average)


def test_the_weights_are_back_after_the_average_stood_in_for_them() -> None:
    module = classifier()
    average = WeightAverage(module, 0.5)
    first = weights(module)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(1.0)
    moved = weights(module)

    def stopped() -> None:
        with average.in_place():
            assert equal(weights(module), first)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert equal(weights(module), moved)
    assert equal(average.average, first)
