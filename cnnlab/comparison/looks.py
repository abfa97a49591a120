"""Looking more than once: the level of each look at a growing number of seeds that keeps the promised error over all.

The chance of a wrong verdict, alpha, is spent over the looks in proportion to the seeds: after n of N seeds no more
than alpha·n/N of it (Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials", Biometrika 70(3); the
power family of Kim and DeMets 1987, Biometrika 74(1), with exponent 1). Of exponents 0.5, 1 and 2 and a level that is
the same at all looks this one gives up least for the seeds that it saves (docs/calibration.md).

How often a look rejects that earlier ones have not is simulated from Student's t over the same growing numbers, and
not taken from a table of normal ones: with three seeds those are far off. Several claims are corrected by Holm at each
look, over p-values of which each is the smallest alpha at which its look would reject (Maurer and Bretz 2013,
"Multiple testing in group sequential trials …", Stat. Biopharm. Res. 5(4)).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from scipy.special import stdtr

DRAWS = 200_000
ROUGH = 40_000
"""draws for a figure of two digits"""
FEWEST = 50
"""rejections among the draws from which on their share is gone by; below, a look has what alpha it is given, and no
more: the bound of Bonferroni"""
MOST_LOOKS = 20
MOST = 10_000
"""seeds that a record is believed to have"""
ALPHAS = tuple(10 ** (-5 + 4.7 * step / 35) for step in range(36))
"""between which levels are interpolated; the last is about 0.5"""


@dataclass(frozen=True)
class Looks:
    """Numbers of seeds after which a sweep is judged, in order."""

    seeds: tuple[int, ...]
    declared: bool = True
    """whether they were decided on before the first seed was trained"""

    @cached_property
    def _levels(self) -> tuple[tuple[float, ...], ...]:
        """look -> its level at each of ALPHAS"""
        by_alpha = [levels(self.seeds, alpha) for alpha in ALPHAS]
        return tuple(tuple(_rising([row[look] for row in by_alpha])) for look in range(len(self.seeds)))

    def level(self, alpha: float, look: int) -> float:
        """What a p-value of this look is held against, for alpha over all looks."""
        return alpha if len(self.seeds) < 2 else _interpolated(alpha, ALPHAS, self._levels[look])

    def over_all(self, p: float, look: int) -> float:
        """The smallest alpha over all looks at which this one would reject."""
        return p if len(self.seeds) < 2 else min(1.0, _interpolated(p, self._levels[look], ALPHAS))


def looks_of(sweeps: Iterable[Mapping[str, Any]], seeds: int) -> Looks:
    """Those that sweeps' records declare; else those that they were finished with before, and the one of today."""
    sweeps = list(sweeps)
    for sweep in sweeps:
        if len(declared := _counts(sweep.get("looks"))) > 1:
            return Looks(declared)
    taken = sorted({count for sweep in sweeps for count in _counts(sweep.get("looked")) if count < seeds})
    return Looks((*taken[-MOST_LOOKS + 1 :], max(seeds, 2)), declared=False)


def _counts(raw: Any) -> tuple[int, ...]:
    """Numbers of seeds in somebody's record, in order; none where it is anything else."""
    if not isinstance(raw, list) or not all(type(count) is int and 2 <= count <= MOST for count in raw):
        return ()
    return tuple(sorted({*raw}))[:MOST_LOOKS]


@dataclass(frozen=True)
class SeedLook:
    """One of the looks at a sweep."""

    looks: Looks
    number: int
    """from 0"""

    def level(self, alpha: float) -> float:
        return self.looks.level(alpha, self.number)

    def over_all(self, p: float) -> float:
        return self.looks.over_all(p, self.number)


ONLY = SeedLook(Looks((0,)), 0)
"""that of a sweep that is looked at once"""


@lru_cache(maxsize=256)
def levels(seeds: Sequence[int], alpha: float, draws: int = DRAWS) -> tuple[float, ...]:
    """The level of each look at `seeds` so that no more than alpha is spent up to any, for one- and two-sided tests.

    >>> [round(level, 3) for level in levels((3, 5, 10, 20), 0.05)]
    [0.008, 0.006, 0.014, 0.03]
    """
    one_sided = _process(tuple(seeds), draws)
    return tuple(map(min, _spent(one_sided, seeds, alpha), _spent(_doubled(one_sided), seeds, alpha)))


def _spent(values, seeds: Sequence[int], alpha: float) -> list[float]:  # type: ignore[no-untyped-def]
    """Levels at which the draws that no earlier look has rejected are rejected as often as may be spent."""
    import numpy as np

    left, found, before = np.ones(values.shape[1], dtype=bool), [], 0.0
    for look, n in enumerate(seeds):
        share = alpha * n / seeds[-1] - before
        before += share
        count = int(share * values.shape[1])
        ranked = values[look][left]
        enough = look > 0 and FEWEST <= count <= len(ranked)
        level = max(share, float(np.partition(ranked, count - 1)[count - 1])) if enough else share
        left &= values[look] > level
        found.append(level)
    return found


@lru_cache(maxsize=8)
def _process(seeds: tuple[int, ...], draws: int):  # type: ignore[no-untyped-def]
    """One-sided p-values of Student's test at each look, where there is no difference: a row a look, a column a draw.

    Of the numbers that come in between two looks their sum and the sum of their squares are drawn.
    """
    import numpy as np

    rng = np.random.default_rng(20261201)
    total, squares, rows, before = np.zeros(draws), np.zeros(draws), [], 0
    for n in seeds:
        new = n - before
        added = rng.normal(0.0, math.sqrt(new), draws)
        total += added
        squares += added**2 / new + (rng.chisquare(new - 1, draws) if new > 1 else 0.0)
        error = np.sqrt((squares - total**2 / n) / (n - 1) / n)
        rows.append(stdtr(n - 1, -total / n / error))
        before = n
    return np.array(rows)


def _doubled(one_sided):  # type: ignore[no-untyped-def]
    import numpy as np

    return 2 * np.minimum(one_sided, 1 - one_sided)


def _rising(values: Sequence[float]) -> list[float]:
    """With none below an earlier one: a larger alpha never has a smaller level."""
    found: list[float] = []
    for value in values:
        found.append(max(value, found[-1] * (1 + 1e-12)) if found else value)
    return found


def _interpolated(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Between the points on logarithmic axes; beyond them in proportion."""
    if x <= 0:
        return 0.0
    place = bisect_left(xs, x)
    if place == 0:
        return x * ys[0] / xs[0]
    if place == len(xs):
        return x * ys[-1] / xs[-1]
    share = math.log(x / xs[place - 1]) / math.log(xs[place] / xs[place - 1])
    return math.exp(math.log(ys[place - 1]) + share * math.log(ys[place] / ys[place - 1]))
