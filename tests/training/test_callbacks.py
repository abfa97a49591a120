"""Mirrors cnnlab/training/callbacks.py: what a person sees of an epoch, and how a signal is noted."""

from __future__ import annotations

import io
import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest
from classifiers import classifier, fit
from rich.console import Console

from cnnlab.training.callbacks import EpochLines, StopSignals
from cnnlab.training.settings import TrainerSettings

ROW = {
    **{"epoch": 3, "train/loss": 0.51234, "train/acc": 0.8, "val/loss": 0.6, "val/acc": 0.75},
    **{"seconds": 1.25, "images_per_second": 12345.6},
}


def lines(terminal: bool = False, **settings: Any) -> tuple[EpochLines, io.StringIO]:
    said = io.StringIO()
    console = Console(file=said, force_terminal=terminal, width=40, color_system=None)
    return EpochLines(console, TrainerSettings(max_epochs=12, **settings)), said


def test_an_epoch_is_one_line_that_is_not_wrapped() -> None:
    shown, said = lines()
    shown.epoch(ROW)
    assert said.getvalue() == (
        "epoch  3/12  train loss 0.512 acc 0.800  val loss 0.600 acc 0.750  1.2 s  12,346 images/s\n"
    )


def test_a_terminal_with_too_little_room_has_the_losses_and_no_broken_word() -> None:
    shown, said = lines(terminal=True)
    shown.console.width = 80
    shown.epoch(ROW)
    assert said.getvalue() == "epoch  3/12  train loss 0.512 acc 0.800  val loss 0.600 acc 0.750\n"


def test_without_progress_nothing_is_said() -> None:
    shown, said = lines(terminal=True, progress=False)
    shown.epoch(ROW)
    fit(classifier(), callbacks=[shown])
    assert said.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_stands_on_terminals_alone_and_goes_away(terminal: bool) -> None:
    shown, said = lines(terminal)
    fit(classifier(), callbacks=[shown])
    assert shown.bar is None
    assert ("4/4" in said.getvalue()) is terminal


def test_a_bar_goes_away_where_training_ends_in_an_exception() -> None:
    shown, _ = lines(terminal=True)
    module: Any = SimpleNamespace(train_batches=[1, 2])
    shown.on_train_epoch_start(SimpleNamespace(current_epoch=0), module)  # type: ignore[arg-type]
    assert shown.bar is not None
    shown.on_exception(SimpleNamespace(), module, ValueError())  # type: ignore[arg-type]
    assert shown.bar is None


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 143), (signal.SIGUSR2, 143)],
)
def test_the_first_signal_is_noted_and_the_second_ends_at_once(number: int, code: int) -> None:
    before, said = signal.getsignal(number), io.StringIO()
    signals = StopSignals(Console(file=said))
    signals.on_train_start(None, None)  # type: ignore[arg-type]
    try:
        os.kill(os.getpid(), number)
        assert signals.received == number
        assert said.getvalue() == "stopping after this step; once more to stop at once\n"
        with pytest.raises(SystemExit) as ended:
            os.kill(os.getpid(), number)
        assert ended.value.code == code
    finally:
        signals.restore()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("ends", ["teardown", "on_exception"])
def test_handlers_are_those_of_before_when_training_ends(ends: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    signals = StopSignals(Console(file=io.StringIO()))
    signals.on_train_start(None, None)  # type: ignore[arg-type]
    assert signal.getsignal(signal.SIGTERM) == signals.note
    getattr(signals, ends)(None, None, None)
    assert signal.getsignal(signal.SIGTERM) is before
