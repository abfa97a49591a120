"""The interval that belongs to a verdict: that of the verdict's test, at the level at which the test was made.

A reader holds an interval against 0 and against the margin, and must come to the answer that the test came to. So what
was rejected must lie outside of the interval, which is then no wider than the test's, and what was not rejected within
it, which is then no narrower:

    supported   different, higher, lower    the two-sided interval of its level leaves out 0
                equal                       that of two one-sided tests (90 % if at 5 %) stays within ±margin
    refuted     different                   the same
                higher, lower               the one-sided interval ends before the margin
                equal                       that of `statistics.level_beyond` lies beyond ±margin
    neither     any                         the wider of those two, which holds what neither test could reject

The level is that of the claim's step in Holm's procedure, where several are read together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from cnnlab.comparison.statistics import Estimate

IntervalKind = Literal["two-sided", "equivalence", "at most", "at least"]


@dataclass(frozen=True)
class VerdictInterval:
    """An interval of a difference, as it is judged; a one-sided one has an end at infinity."""

    low: float
    high: float
    level: float
    """of confidence"""
    kind: IntervalKind

    @property
    def percent(self) -> str:
        """The level in per cent.

        >>> [VerdictInterval(0, 1, level, "two-sided").percent for level in (0.95, 0.9, 1 - 0.05 / 3, 1 - 0.05 / 6)]
        ['95 %', '90 %', '98.3 %', '99.17 %']
        """
        missing = 100 * (1 - self.level)
        digits = max(0, 1 - math.floor(math.log10(missing))) if missing > 0 else 0
        text = f"{100 * self.level:.{digits}f}"
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"

    @property
    def ends(self) -> tuple[float, ...]:
        """Those that are not at infinity."""
        return tuple(end for end in (self.low, self.high) if math.isfinite(end))


def two_sided(estimate: Estimate, chance: float, kind: IntervalKind = "two-sided") -> VerdictInterval:
    """The interval that misses the mean difference with this chance."""
    return VerdictInterval(*estimate.interval(1 - chance), 1 - chance, kind)


def one_sided(estimate: Estimate, chance: float, side: int) -> VerdictInterval:
    """That the difference is at most so much (side 1), or at least (side -1)."""
    low, high = estimate.interval(1 - 2 * chance)
    if side > 0:
        return VerdictInterval(-math.inf, high, 1 - chance, "at most")
    return VerdictInterval(low, math.inf, 1 - chance, "at least")
