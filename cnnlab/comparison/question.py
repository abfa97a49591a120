"""A question: a claim with the runs that it is about.

A contrast is a weighted sum of cells, formed within each seed: arm minus reference, averaged over the factors that are
not held; for two factors a difference of differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cnnlab.comparison.claims import Claim
from cnnlab.comparison.ledger import Cell, Ledger
from cnnlab.comparison.metrics import Quantity
from cnnlab.comparison.trial import Trial

Family = Literal["claims", "interactions", "divergence", "equal settings", "controls"]
"""verdicts that are read, and corrected, together"""


Measure = Literal["rates", "counts", "means"]
"""what is compared: shares of runs that diverged, counts that seeds do not change, or means over seeds"""


@dataclass(frozen=True)
class WeightedCells:
    """One of the numbers that a contrast is made of: of a cell, or of the cells over whose values one is found."""

    weight: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Question:
    """A claim, bound to the runs of a sweep."""

    claim: Claim
    metric: Quantity
    margin: float | None
    family: Family
    arm: str
    reference: str | None
    held: Mapping[str, str]
    levels: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """the factors' values of the arm, and of the reference"""
    chosen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """arm, with its place among the factors averaged over -> what was best for it there, where factors are tuned"""
    candidates: tuple[Cell, ...] = ()
    """the cells that the sides' were chosen among"""
    groups: tuple[tuple[WeightedCells, ...], ...] = ()
    """for each combination of the factors not held, the sides compared there"""
    averaged: tuple[str, ...] = ()
    """factors over whose values the difference is averaged"""
    missing: str | None = None
    """why there is nothing to compare"""
    plain: bool = False
    """whether nobody has claimed it: it is asked of every sweep without claims"""

    @property
    def measure(self) -> Measure:
        return "rates" if self.metric.text == "diverged" else "counts" if self.metric.exact else "means"

    @property
    def judged_margin(self) -> float | None:
        """The margin on the scale that is judged: of ratios the logarithm."""
        return math.log(self.margin) if self.margin is not None and self.metric.log else self.margin

    @property
    def is_interaction(self) -> bool:
        """Whether it is about a difference of differences: its sides are effects, each of two arms."""
        return len(self.claim.factor or ()) > 1

    @property
    def opposed(self) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
        """The factors' values where a number raises the difference, and where it lowers it; an interaction has two."""
        arm, reference = self.levels
        if not self.is_interaction:
            return (arm,), (reference,)
        return (arm, reference), ((arm[0], reference[1]), (reference[0], arm[1]))


def trials_of(side: WeightedCells, ledger: Ledger) -> dict[tuple[Cell, str], Trial]:
    """(cell, seed) -> run."""
    return {(cell, seed): trial for cell in side.cells for seed, trial in ledger.trials.get(cell, {}).items()}
