"""Learning-rate schedules as pure functions of the step, so that nothing has to be saved or restored."""

from __future__ import annotations

from math import cos, pi
from typing import Any

from cnnlab.training.settings import Constant, Cosine, OneCycle, Schedule, Step


def factor(schedule: Schedule, step: int, total: int, per_epoch: float) -> float:
    """What the learning rate is multiplied by at `step` (from 0) of `total`, with `per_epoch` steps an epoch.

    >>> [round(factor(Cosine(), step, 5, 1), 2) for step in range(5)]
    [1.0, 0.9, 0.65, 0.35, 0.1]
    >>> [round(factor(Constant(warmup=2), step, 5, 1), 2) for step in range(5)]
    [0.5, 1.0, 1.0, 1.0, 1.0]
    """
    rising = min(round(schedule.warmup * per_epoch), total)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(total - rising, 1)
    return _shape(schedule, done, step / per_epoch)


def _shape(schedule: Any, done: float, epoch: float) -> float:
    match schedule:
        case Constant():
            return 1.0
        case Cosine(end=end):
            return end + (1 - end) * _half_cosine(done)
        case OneCycle(rise=rise, begin=begin, end=end):
            if done < rise:
                return 1 - (1 - begin) * _half_cosine(done / rise)
            return end + (1 - end) * _half_cosine((done - rise) / (1 - rise))
        case Step(milestones=milestones, gamma=gamma):
            return gamma ** sum(epoch >= milestone for milestone in milestones)
    raise AssertionError(f"no shape for {schedule!r}")


def _half_cosine(done: float) -> float:
    return (1 + cos(pi * min(done, 1.0))) / 2
