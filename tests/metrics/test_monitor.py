"""Mirrors cnnlab/metrics/monitor.py: which number may choose the best epoch, and which way it is better."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import pytest

from cnnlab.errors import Fault
from cnnlab.metrics.gap import Gap
from cnnlab.metrics.gradients import Gradients
from cnnlab.metrics.metric import Metric
from cnnlab.metrics.monitor import Monitor, read_monitor


class Calm(Metric):
    """Calmness of the answers."""

    kind: Literal["calm"] = "calm"  # type: ignore[assignment]
    when: ClassVar[Literal["end", "epoch"]] = "epoch"
    better: ClassVar[int] = -1

    def measure(self, look):
        return {"mean": 0.0}


class Vague(Metric):
    """A number that nobody has said is good."""

    kind: Literal["vague"] = "vague"  # type: ignore[assignment]
    when: ClassVar[Literal["end", "epoch"]] = "epoch"

    def measure(self, look):
        return 0.0


@pytest.mark.parametrize(
    ("key", "mode"),
    [("val/acc", "max"), ("val/loss", "min"), ("val/balanced_acc", "max"), ("val/f1", "max"), ("train/loss", "min"),
     ("val/acc5", "max"), ("calm", "min"), ("calm/mean", "min")],
)  # fmt: skip
def test_a_recorded_number_has_its_direction(key: str, mode: str) -> None:
    monitor = read_monitor(key, [Calm()], classes=10)
    assert isinstance(monitor, Monitor)
    assert (monitor.key, monitor.mode) == (key, mode)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("val/f11", "no epoch records 'val/f11'; did you mean 'val/f1'?; known are train/loss, train/acc, val/loss, "
         "val/acc, val/balanced_acc, val/f1, calm"),
        ("val/acc5", "no epoch records 'val/acc5'; did you mean 'val/acc'?; known are train/loss, train/acc, val/loss, "
         "val/acc, val/balanced_acc, val/f1, calm"),
        ("test/acc", "the test images choose nothing, or test/acc would be no test; write val/acc or the like"),
        ("gap/acc", "gap/acc is measured once, at the end (gap), when the best epoch has been chosen"),
        ("vague", "nothing says which way vague is better, as `better = 1` or `better = -1` in a metric's class does"),
        ("grad/body.c1", "nothing says which way grad/body.c1 is better"),
        ("seconds", "no epoch records 'seconds'"),
    ],
)  # fmt: skip
def test_what_cannot_choose_says_why(key: str, said: str) -> None:
    fault = read_monitor(key, [Calm(), Vague(), Gap(), Gradients()], classes=9)
    assert isinstance(fault, Fault)
    assert str(fault).startswith(f"checkpoint.monitor: {said}")


def test_less_is_more_where_less_is_better_and_no_number_is_worse_than_any() -> None:
    loss = Monitor("val/loss", -1)
    assert loss.score({"val/loss": 0.5}) > loss.score({"val/loss": 0.6})
    for none in (None, math.nan, "high"):
        assert loss.score({"val/loss": none}) == -math.inf
