"""Schedules are functions of the step."""

import math
from itertools import pairwise

import pytest
import torch

from cnnlab.training.schedules import Constant, Cosine, OneCycle, Step


def test_one_cycle_is_torchs_to_rounding() -> None:
    total, rate = 50, 0.1
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], rate)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=total + 1, pct_start=0.3, div_factor=25, final_div_factor=400, cycle_momentum=False
    )
    peak = 0.3 * (total + 1) - 1  # torch counts the rise in steps of its own; compare the ends and the peak
    ours = [OneCycle().factor(step, total, 10) * rate for step in range(total + 1)]
    assert ours[0] == pytest.approx(theirs.get_last_lr()[0])
    assert max(ours) == pytest.approx(rate, rel=1e-2)
    assert abs(ours.index(max(ours)) - peak) <= 1
    assert ours[-1] == pytest.approx(rate / 25 / 400)


def test_warm_up_rises_to_the_rate_and_the_schedule_starts_there() -> None:
    factors = [Cosine(warmup=2).factor(step, 100, 10) for step in range(100)]
    assert factors[:20] == pytest.approx([(step + 1) / 20 for step in range(20)])
    assert factors[20] == pytest.approx(1)
    assert factors[60] == pytest.approx(0.5)
    assert all(a >= b for a, b in pairwise(factors[20:]))


def test_a_warm_up_longer_than_training_never_exceeds_the_rate() -> None:
    assert [Constant(warmup=9).factor(step, 4, 1) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]


def test_step_falls_at_the_end_of_its_epochs() -> None:
    schedule = Step(milestones=(2, 3))
    factors = [schedule.factor(step, 40, 10) for step in range(40)]
    assert factors == pytest.approx([1.0] * 20 + [0.1] * 10 + [0.01] * 10)


def test_a_rate_is_finite_and_not_negative_whatever_the_length() -> None:
    for schedule in (Constant(), Cosine(), OneCycle(), Step(milestones=(1,))):
        for total in (1, 2, 3, 71):
            values = [schedule.factor(step, total, 7) for step in range(total)]
            assert all(math.isfinite(value) and 0 <= value <= 1 for value in values)
