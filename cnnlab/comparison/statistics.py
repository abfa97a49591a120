"""What a handful of seeds can say. One number a seed goes in; nothing here knows where it came from.

scipy has the distributions; Student's t is used throughout, because at five seeds it holds its error rate where the
percentile bootstrap rejects a true null hypothesis 16-18 % of the time and Wilcoxon's test can never reach .05.
docs/calibration.md has the rates, measured over simulated sweeps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import betaincinv, gammaincinv, nctdtr, stdtr, stdtrit

POWER = 0.8
"""the chance of a verdict that "could have been shown" and "would settle it" stand for"""
MOST_SEEDS = 200
"""more are not counted out: nobody will run them"""


@dataclass(frozen=True)
class Estimate:
    """The mean of one number a seed, with Student's interval.

    >>> e = paired([0.02, 0.03, 0.01])
    >>> round(e.mean, 3), round(e.low, 3), round(e.high, 3), round(e.p, 3)
    (0.02, -0.005, 0.045, 0.074)
    """

    n: int
    mean: float
    sd: float
    """standard deviation over seeds, not below what rounding to the resolution leaves of any spread"""
    low: float
    high: float
    p: float
    """two-sided, of a mean of 0"""
    agree: bool
    """whether all seeds gave the same number, to the resolution"""

    @property
    def error(self) -> float:
        """standard error of the mean"""
        return self.sd / math.sqrt(self.n)

    def interval(self, level: float) -> tuple[float, float]:
        """Student's two-sided interval of the mean at this level of confidence."""
        half = float(stdtrit(self.n - 1, (1 + level) / 2)) * self.error
        return self.mean - half, self.mean + half

    def tail(self, value: float) -> float:
        """One-sided p of "the mean is `value` or less"; 1 minus it is that of "`value` or more"."""
        if self.error == 0:
            return 0.0 if self.mean > value else 1.0 if self.mean < value else 0.5
        return float(stdtr(self.n - 1, (value - self.mean) / self.error))


def paired(differences: Sequence[float], resolution: float = 0.0, level: float = 0.95) -> Estimate:
    """The paired t interval and test: Student 1908, "The probable error of a mean", Biometrika 6(1).

    `differences` holds one number a seed, at least two. Values on a grid of `resolution` (an accuracy of 2,000 images
    has 1/2000) leave a difference uncertain by resolution/√6 even where all seeds agree (the variance of rounding,
    resolution²/12, twice: Sheppard 1898, Proc. London Math. Soc. 29): the spread is not taken to be less than that.
    ValueError for fewer than two.
    """
    n = len(differences)
    if n < 2:
        raise ValueError("one number has no spread")
    mean = math.fsum(differences) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in differences) / (n - 1))
    agree = max(differences) - min(differences) <= max(resolution / 2, 1e-12 * abs(mean))
    sd = max(sd, resolution / math.sqrt(6))
    error = sd / math.sqrt(n)
    p = 2 * float(stdtr(n - 1, -abs(mean) / error)) if error else float(mean == 0)
    estimate = Estimate(n, mean, sd, mean, mean, p, agree)
    low, high = estimate.interval(level)
    return replace(estimate, low=low, high=high)


def equivalence(estimate: Estimate, margin: float) -> float:
    """p of the two one-sided tests: small where the mean lies within ±margin.

    Schuirmann 1987, "A comparison of the two one-sided tests procedure …", J. Pharmacokinet. Biopharm. 15(6).
    """
    return max(below(estimate, margin), above(estimate, -margin))


def below(estimate: Estimate, bound: float) -> float:
    """One-sided p: small where the mean is shown to lie below `bound`."""
    return 1 - estimate.tail(bound)


def above(estimate: Estimate, bound: float) -> float:
    """One-sided p: small where the mean is shown to lie above `bound`."""
    return estimate.tail(bound)


def beyond(estimate: Estimate, margin: float) -> float:
    """p of "the mean lies within ±margin": small where it is shown to lie outside.

    Hodges and Lehmann 1954, "Testing the approximate validity of statistical hypotheses", J. R. Stat. Soc. B 16(2).
    """
    if estimate.error == 0:
        return float(abs(estimate.mean) <= margin)
    far, near = (abs(estimate.mean) - side for side in (-margin, margin))
    return min(1.0, sum(float(stdtr(estimate.n - 1, -distance / estimate.error)) for distance in (far, near)))


def level_beyond(estimate: Estimate, margin: float, alpha: float) -> float:
    """The chance that the two-sided interval leaves out which touches ±margin where `beyond` gives p = alpha.

    Between alpha, for a margin of nothing, and twice that, for one that is wide beside the standard error: the test's
    second tail is empty then.

    >>> wide, narrow = (level_beyond(paired([0.02, 0.03, 0.01]), margin, 0.05) for margin in (1.0, 0.0))
    >>> round(wide, 3), round(narrow, 3)
    (0.1, 0.05)
    """
    if estimate.error == 0:
        return 2 * alpha
    apart, df = 2 * margin / estimate.error, estimate.n - 1

    def excess(distance: float) -> float:
        return float(stdtr(df, -distance) + stdtr(df, -distance - apart)) - alpha

    furthest = -float(stdtrit(df, alpha / 2))
    return 2 * float(stdtr(df, -brentq(excess, 0.0, furthest + 1e-9)))  # type: ignore[arg-type]


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for being read together: Holm 1979, "A simple sequentially rejective …", Scand. J. Stat. 6(2).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = largest
    return adjusted


def holm_levels(values: Sequence[float], alpha: float) -> list[float]:
    """The level at which Holm's procedure judges each value: alpha over the hypotheses that were left at its step.

    What is not rejected was judged at the step at which the procedure ended.

    >>> [round(level, 4) for level in holm_levels([0.001, 0.2, 0.03], 0.05)]
    [0.0167, 0.025, 0.025]
    """
    rejected = sum(value <= alpha for value in holm(values))
    order = sorted(range(len(values)), key=lambda index: values[index])
    levels = [0.0] * len(values)
    for rank, index in enumerate(order):
        levels[index] = alpha / (len(values) - min(rank, rejected))
    return levels


def spread_factors(n: int, level: float = 0.95) -> tuple[float, float]:
    """What the spread seen in `n` numbers may be multiplied with to be the true one: an interval by chi-squared.

    >>> [round(factor, 2) for factor in spread_factors(5)]
    [0.6, 2.87]
    """
    df = n - 1
    most, least = (2 * float(gammaincinv(df / 2, share)) for share in ((1 + level) / 2, (1 - level) / 2))
    return math.sqrt(df / most), math.sqrt(df / least)


@lru_cache(maxsize=4096)
def _noncentrality(n: int, alpha: float, power: float, sides: int) -> float:
    """Where a t test of `n` numbers has `power`: Cohen 1988, Statistical Power Analysis, ch. 2."""
    df, critical = n - 1, float(stdtrit(n - 1, 1 - alpha / sides))
    rough = critical * math.sqrt(2 * float(gammaincinv(df / 2, power)) / df)  # what the spread's own uncertainty asks
    if rough > 30:  # nctdtr ends near 38, and there the mean's own uncertainty of 1 no longer matters
        return rough
    return float(brentq(lambda shift: 1 - nctdtr(df, shift, critical) - power, 0, rough + 5))  # type: ignore[arg-type]


def detectable(sd: float, n: int, alpha: float, power: float = POWER, sides: int = 2) -> float:
    """The smallest true difference that `n` seeds show with probability `power`, where the spread is `sd`."""
    return sd / math.sqrt(n) * _noncentrality(n, alpha, power, sides)


def detectable_equality(sd: float, n: int, alpha: float, power: float = POWER) -> float:
    """The smallest margin within which `n` seeds show arms to be equal that are, with probability `power`."""
    return _quantiles(n, alpha, power) * sd / math.sqrt(n)


def enough(
    estimate: Estimate,
    alpha: float,
    distances: Iterable[tuple[float, int]],
    margin: float | None = None,
    power: float = POWER,
) -> int | None:
    """The number of seeds that settle it, if mean and spread are what they seem: by a difference or by equivalence.

    `distances`: how far the mean lies beyond what a test rejects, and that test's sides, for each test that would do;
    `margin`: that of equivalence, where it would. None where MOST_SEEDS would not do. For equivalence see Julious 2004,
    "Sample sizes for clinical trials with normal data", Stat. Med. 23(12), §5.
    """
    distances = tuple(distances)
    for n in range(estimate.n + 1, MOST_SEEDS + 1):
        if any(distance >= detectable(estimate.sd, n, alpha, power, sides) for distance, sides in distances):
            return n
        if margin is not None and margin - abs(estimate.mean) >= detectable_equality(estimate.sd, n, alpha, power):
            return n
    return None


@lru_cache(maxsize=4096)
def _quantiles(n: int, alpha: float, power: float) -> float:
    return float(stdtrit(n - 1, 1 - alpha) + stdtrit(n - 1, (1 + power) / 2))


def share(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """An interval of a share: Clopper and Pearson 1934, Biometrika 26(4).

    >>> low, high = share(0, 5)
    >>> low, round(high, 2)
    (0.0, 0.52)
    """
    tail = (1 - level) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    return low, float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0


def unseen(n: int, level: float = 0.95) -> float:
    """The largest share of seeds that could behave otherwise where `n` did not: 1 - (1 - level)^(1/n).

    The one-sided form of Clopper and Pearson's; "three over n" for large n (Hanley and Lippman-Hand 1983, JAMA 249).

    >>> round(unseen(5), 2)
    0.45
    """
    return 1 - (1 - level) ** (1 / n)


@lru_cache(maxsize=4096)
def binomial(count: int, n: int, share: float) -> float:
    """Two-sided p of "the share is `share`": the exact binomial test, over all counts no likelier than the one seen.

    >>> round(binomial(3, 5, 0.1), 4)
    0.0086
    """
    from scipy.stats import binomtest

    return float(binomtest(count, n, share).pvalue)


@lru_cache(maxsize=4096)
def rates(some: int, of: int, others: int, of_others: int) -> float:
    """Two-sided p of "the same share": Boschloo 1970, Statistica Neerlandica 24(1); Fisher's exact test beyond 30 runs.

    For two arms that share their seeds it errs on the safe side, as what they share makes them more alike.

    >>> round(rates(5, 5, 0, 5), 4)
    0.002
    """
    from scipy.stats import boschloo_exact, fisher_exact

    table = [[some, others], [of - some, of_others - others]]
    if some + others in (0, of + of_others):
        return 1.0
    test = boschloo_exact(table) if max(of, of_others) <= 30 else fisher_exact(table)
    return min(1.0, float(test.pvalue))  # type: ignore[union-attr]


def permuted(some: Sequence[Fraction], others: Sequence[Fraction]) -> float:
    """Two-sided p of "the same share", from one share a seed: Pitman 1937, Suppl. J. R. Stat. Soc. 4(1).

    Of all ways to deal the shares to two arms, those that part their means as far. Of shares of one run each it is
    Fisher's exact test, and as `rates` on the safe side for arms that share their seeds.

    >>> all_, none = [Fraction(1, 3)] * 5, [Fraction(0)] * 5
    >>> round(permuted(all_, none), 4), permuted(all_[:1], none[:1])
    (0.0079, 1.0)
    """
    unit = math.lcm(*(share.denominator for share in (*some, *others)))  # whole numbers of it add fast
    shares = [int(share * unit) for share in (*some, *others)]
    dealt = {(0, 0): 1}  # how many were dealt to the first arm, and their sum -> ways to do so
    for share in shares:
        for (n, total), ways in list(dealt.items()):
            if n < len(some):
                dealt[n + 1, total + share] = dealt.get((n + 1, total + share), 0) + ways
    ways_to = {total: ways for (n, total), ways in dealt.items() if n == len(some)}

    def apart(total: int) -> int:
        return abs(total * len(others) - (sum(shares) - total) * len(some))

    seen = apart(sum(shares[: len(some)]))
    return sum(ways for total, ways in ways_to.items() if apart(total) >= seen) / sum(ways_to.values())
