"""Learning-rate schedules: records that are pure functions of the step, so that nothing has to be saved or restored."""

from __future__ import annotations

from math import cos, isfinite, pi
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from cnnlab.registry import SHIPPED, Registered, Registry, returned
from cnnlab.settings import Fraction, NonNegative, Positive

TRIED = ((0.0, 0.0), (0.5, 1.5), (1.0, 3.0))
"""shares of the steps and epochs at which a schedule of a user's own is tried before it trains"""


class Schedule(Registered):
    """Base of all schedules: what the learning rate is multiplied by, a pure function of the step.

    A schedule of one's own is a subclass with a `curve`; its annotated fields are its settings.
    """

    registry: ClassVar[Registry[Schedule]] = Registry("scheduler", methods=("curve",))

    kind: str
    warmup: NonNegative = 0.0
    """epochs in which the rate first rises from zero, linearly"""

    def curve(self, done: float, epoch: float) -> float:
        """The factor when the share `done` of the steps after the warm-up is behind, after `epoch` epochs in all."""
        raise NotImplementedError

    def factor(self, step: int, total: int, steps_an_epoch: float) -> float:
        """What the learning rate is multiplied by at `step` (from 0) of `total`.

        >>> [round(Cosine().factor(step, 5, 1), 2) for step in range(5)]
        [1.0, 0.9, 0.65, 0.35, 0.1]
        >>> [round(Constant(warmup=2).factor(step, 5, 1), 2) for step in range(5)]
        [0.5, 1.0, 1.0, 1.0, 1.0]
        """
        rising = min(round(self.warmup * steps_an_epoch), total)
        if step < rising:
            return (step + 1) / rising
        return self.curve((step - rising) / max(total - rising, 1), step / steps_an_epoch)

    @model_validator(mode="after")
    def _gives_factors(self) -> Schedule:
        """One of a user's own is tried where it is read, before anything is trained by it."""
        for done, epoch in TRIED if not type(self).__module__.startswith(SHIPPED) else ():
            value = self.curve(done, epoch)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(returned(self, "curve", value, "a number"))
            if not isfinite(value) or value < 0:
                raise ValueError(returned(self, "curve", value, f"a factor from 0 on, at {done:.0%} of the steps"))
        return self


class Constant(Schedule):
    """The rate stays."""

    kind: Literal["constant"] = "constant"

    def curve(self, done: float, epoch: float) -> float:
        return 1.0


class Cosine(Schedule):
    """Half a cosine from the rate down to its end. Loshchilov & Hutter 2016, arXiv:1608.03983, eq. 5."""

    kind: Literal["cosine"] = "cosine"
    end: Fraction = 0.0
    """share of the rate that is left at the end"""

    def curve(self, done: float, epoch: float) -> float:
        return self.end + (1 - self.end) * _half_cosine(done)


class OneCycle(Schedule):
    """Up along a cosine, then down along another. Smith & Topin 2017, arXiv:1708.07120."""

    kind: Literal["one_cycle"] = "one_cycle"
    rise: Annotated[float, Field(gt=0, lt=1, strict=True)] = 0.3
    """share of the steps in which the rate rises"""
    begin: Fraction = 0.04
    """share of the rate at the first step"""
    end: Fraction = 0.0001
    """share of the rate at the last step"""

    def curve(self, done: float, epoch: float) -> float:
        if done < self.rise:
            return 1 - (1 - self.begin) * _half_cosine(done / self.rise)
        return self.end + (1 - self.end) * _half_cosine((done - self.rise) / (1 - self.rise))


class Step(Schedule):
    """The rate falls by a factor at given epochs."""

    kind: Literal["step"] = "step"
    milestones: tuple[Positive, ...]
    """epochs at whose end the rate falls"""
    gamma: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.1
    """factor at each milestone"""

    def curve(self, done: float, epoch: float) -> float:
        return self.gamma ** sum(epoch >= milestone for milestone in self.milestones)


def _half_cosine(done: float) -> float:
    return (1 + cos(pi * min(done, 1.0))) / 2


SCHEDULES = Schedule.registry.ship(Constant, Cosine, OneCycle, Step)
