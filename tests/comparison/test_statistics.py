"""The formulas against scipy's own tests, hand-worked examples and draws."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from cnnlab.comparison.statistics import (
    MOST_SEEDS,
    Estimate,
    above,
    below,
    beyond,
    binomial,
    detectable,
    enough,
    equivalence,
    holm,
    paired,
    permuted,
    rates,
    share,
    unseen,
)

ARM = [0.83, 0.85, 0.81, 0.84, 0.86]
REFERENCE = [0.81, 0.82, 0.82, 0.81, 0.82]
DIFFERENCES = [a - b for a, b in zip(ARM, REFERENCE, strict=True)]


def estimate(mean: float, sd: float, n: int) -> Estimate:
    return paired(list(mean + sd * _standard(n)))


def _standard(n: int) -> np.ndarray:
    """n numbers of mean 0 and standard deviation 1."""
    raw = np.arange(n) - (n - 1) / 2
    return raw / raw.std(ddof=1)


def test_the_paired_interval_and_p_are_scipys() -> None:
    found, wanted = paired(DIFFERENCES), stats.ttest_rel(ARM, REFERENCE)
    assert found.p == pytest.approx(wanted.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    assert paired(DIFFERENCES, level=0.8).low == pytest.approx(wanted.confidence_interval(0.8).low)


def test_one_sided_questions_are_scipys() -> None:
    found = paired(DIFFERENCES)
    assert below(found, 0.04) == pytest.approx(stats.ttest_1samp(DIFFERENCES, 0.04, alternative="less").pvalue)
    assert above(found, 0.01) == pytest.approx(stats.ttest_1samp(DIFFERENCES, 0.01, alternative="greater").pvalue)


@pytest.mark.parametrize("shift", [-0.04, 0.0, 0.004])
def test_equivalence_is_the_larger_of_two_one_sided_tests(shift: float) -> None:
    moved = [value + shift for value in DIFFERENCES]
    sides = [
        stats.ttest_1samp(moved, 0.03, alternative="less").pvalue,
        stats.ttest_1samp(moved, -0.03, alternative="greater").pvalue,
    ]
    assert equivalence(paired(moved), 0.03) == pytest.approx(max(sides))


@pytest.mark.parametrize("mean", [-0.03, 0.03])
def test_beyond_rejects_at_its_rate_on_either_edge_of_the_margin(mean: float) -> None:
    dice = np.random.default_rng(5)
    draws = dice.normal(mean, 0.02, (4000, 5))
    assert np.mean([beyond(paired(list(row)), 0.03) <= 0.05 for row in draws]) == pytest.approx(0.05, abs=0.012)


def test_beyond_is_the_two_sided_test_where_there_is_no_margin() -> None:
    assert beyond(paired(DIFFERENCES), 0.0) == pytest.approx(paired(DIFFERENCES).p)


def test_a_mean_without_spread_is_where_it_is() -> None:
    still = paired([0.02] * 4)
    assert (still.sd, still.p, still.low, still.high) == (0, 0, 0.02, 0.02)
    assert (above(still, 0.01), above(still, 0.03)) == (0, 1)
    assert (beyond(still, 0.01), beyond(still, 0.02)) == (0, 1)
    assert paired([0.0] * 4).p == 1


def test_one_number_is_refused() -> None:
    with pytest.raises(ValueError, match="one number has no spread"):
        paired([0.3])


def test_rounding_leaves_the_spread_of_two_uniform_errors() -> None:
    """Both arms' accuracies are the same but for rounding to 1/50: what is left has the spread that is assumed."""
    step, dice = 1 / 50, np.random.default_rng(1)
    true = dice.uniform(0, 1, (2, 50_000))
    errors = np.round(true / step) * step - true
    assert np.std(errors[0] - errors[1]) == pytest.approx(paired([0.0, 0.0], step).sd, rel=0.02)
    assert paired([0.0, 0.3, -0.2], step).sd == pytest.approx(np.std([0.0, 0.3, -0.2], ddof=1))


def test_seeds_agree_only_where_no_two_differ_by_a_step() -> None:
    step = 1 / 2000
    assert paired([0.01, 0.01, 0.01 + 1e-12], step).agree
    assert not paired([0.01, 0.01, 0.01 + step], step).agree
    assert paired([0.3, 0.3]).agree
    assert not paired([0.3, 0.3001]).agree


def test_equal_seeds_are_bounded_by_the_resolution() -> None:
    alike = paired([0.0] * 5, resolution=1 / 2000)
    assert equivalence(alike, 0.01) < 0.001
    assert alike.high == pytest.approx(2.776 / 2000 / 6**0.5 / 5**0.5, rel=1e-3)


def test_holm_steps_down_and_never_below_what_came_before() -> None:
    """Holm's own order: the smallest times 4, the next times 3, then 2, then 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04, 0.001, 0.5]) == [0.08, 0.003, 0.5]
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def power(true: float, sd: float, n: int, alpha: float, sides: int = 2) -> float:
    """of a t test, from scipy's noncentral t"""
    critical, shift = stats.t.isf(alpha / sides, n - 1), true / sd * math.sqrt(n)
    other = float(stats.nct.cdf(-critical, n - 1, shift)) if sides == 2 else 0.0
    return float(stats.nct.sf(critical, n - 1, shift)) + other


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.05), (3, 0.05), (5, 0.05), (5, 0.05 / 6), (10, 0.05 / 6), (40, 0.05)])
def test_the_smallest_detectable_difference_is_detected_with_eighty_per_cent(n: int, alpha: float) -> None:
    assert power(detectable(0.01, n, alpha), 0.01, n, alpha) == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("n", [2, 3])
def test_few_seeds_detect_what_they_are_said_to_where_scipys_noncentral_t_ends(n: int) -> None:
    draws = np.random.default_rng(2).normal(detectable(1.0, n, 0.05 / 6), 1.0, (40_000, n))
    assert np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.05 / 6) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("sides", [1, 2])
def test_enough_seeds_is_the_first_number_with_eighty_per_cent(sides: int) -> None:
    n = enough(estimate(0.03, 0.02, 5), 0.05, [(0.01, sides)])
    assert n
    assert power(0.01, 0.02, n - 1, 0.05, sides) < 0.8 <= power(0.01, 0.02, n, 0.05, sides)


def test_enough_seeds_is_what_the_first_of_the_tests_needs() -> None:
    seen = estimate(0.01, 0.02, 5)
    assert enough(seen, 0.05, [(-0.01, 2), (0.005, 1), (0.01, 2)]) == enough(seen, 0.05, [(0.01, 2)])


def test_enough_seeds_for_equality_show_it_with_eighty_per_cent() -> None:
    n = enough(estimate(0.0, 0.02, 5), 0.05, (), 0.01)
    assert n
    dice = np.random.default_rng(3)

    def shown(n: int) -> float:
        draws = dice.normal(0, 0.02, (20_000, n))
        reach = stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)
        return float(np.mean(np.abs(draws.mean(axis=1)) + reach <= 0.01))

    assert shown(n) == pytest.approx(0.8, abs=0.02)
    assert shown(n - 4) < 0.8


def test_a_permutation_of_single_runs_is_fishers_exact_test() -> None:
    for some, others in [(3, 0), (5, 1), (4, 4), (0, 2)]:
        arms = [[Fraction(1)] * count + [Fraction(0)] * (6 - count) for count in (some, others)]
        table = [[some, others], [6 - some, 6 - others]]
        assert permuted(*arms) == pytest.approx(stats.fisher_exact(table).pvalue)


def test_no_more_seeds_are_counted_out_than_anyone_runs() -> None:
    assert enough(estimate(0.0, 0.02, 5), 0.05, [(0.0, 2)]) is None
    assert enough(estimate(0.0001, 0.02, 5), 0.05, [(0.0001, 2)], 0.0002) is None
    assert enough(estimate(0.02, 0.1, 5), 0.05, [(0.02, 2)]) == 199 < MOST_SEEDS
    assert enough(estimate(0.1, 0.001, 5), 0.05, [(0.1, 2)]) == 6  # one more at least: these have not settled it


@pytest.mark.parametrize(("count", "n"), [(0, 5), (2, 5), (5, 5), (1, 12)])
def test_a_shares_interval_is_scipys_exact_one(count: int, n: int) -> None:
    wanted = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert share(count, n) == pytest.approx((wanted.low, wanted.high))


def test_as_many_seeds_could_misbehave_as_would_be_missed_one_time_in_twenty() -> None:
    assert (1 - unseen(5)) ** 5 == pytest.approx(0.05)


def test_rates_are_boschloos() -> None:
    """The unconditional test of two shares, reckoned here from the binomials; sharper than Fisher's."""
    fisher = stats.fisher_exact([[4, 0], [1, 5]]).pvalue
    tables = [(a, b, stats.fisher_exact([[a, b], [5 - a, 5 - b]]).pvalue) for a in range(6) for b in range(6)]
    worst = max(
        sum(stats.binom.pmf(a, 5, q) * stats.binom.pmf(b, 5, q) for a, b, p in tables if p <= fisher + 1e-9)
        for q in np.linspace(0.01, 0.99, 99)
    )
    assert rates(4, 5, 0, 5) == pytest.approx(worst, abs=0.003)
    assert rates(4, 5, 0, 5) < fisher


def test_rates_of_many_runs_are_fishers_and_the_same_share_is_no_difference() -> None:
    assert rates(10, 40, 2, 40) == pytest.approx(stats.fisher_exact([[10, 2], [30, 38]]).pvalue)
    assert rates(0, 5, 0, 9) == rates(5, 5, 9, 9) == 1
    assert rates(4, 5, 0, 5) == pytest.approx(rates(0, 5, 4, 5))


@pytest.mark.parametrize("share_", [0.1, 0.5])
@pytest.mark.parametrize("n", [5, 20])
def test_a_share_that_is_the_true_one_is_seldom_rejected(share_: float, n: int) -> None:
    rejected = [count for count in range(n + 1) if binomial(count, n, share_) <= 0.05]
    assert sum(stats.binom.pmf(count, n, share_) for count in rejected) <= 0.05


def test_a_share_of_none_is_disproved_by_a_single_run() -> None:
    assert (binomial(0, 5, 0.0), binomial(1, 5, 0.0), binomial(5, 5, 1.0), binomial(4, 5, 1.0)) == (1, 0, 1, 0)


def test_five_per_cent_of_null_differences_are_called_different() -> None:
    dice = random.Random(7)
    found = [paired([dice.gauss(0, 0.01) for _ in range(5)]).p <= 0.05 for _ in range(3000)]
    assert sum(found) / len(found) == pytest.approx(0.05, abs=0.012)
