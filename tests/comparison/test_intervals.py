"""The interval beside a verdict: a reader who holds it against 0 and the margin comes to the verdict."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats
from simulated_arms import FAR, NONE, NORM, OPEN, SAME, compared, judged, shifted

from cnnlab.comparison.intervals import VerdictInterval
from cnnlab.comparison.mean_verdicts import MeanVerdict

SLACK = 1e-9


def t_interval(batch: list[float], level: float) -> tuple[float, float]:
    differences = [b - a for a, b in zip(NONE, batch, strict=True)]
    mean, error = math.fsum(differences) / 5, stats.sem(differences)
    return stats.t.interval(level, 4, mean, error)


def read(interval: VerdictInterval, margin: float, expect: str) -> set[str]:
    """The answers that the interval alone would give."""
    low, high, answers = interval.low, interval.high, set()
    inside = low >= -margin - SLACK and high <= margin + SLACK
    outside = low >= margin - SLACK or high <= -margin + SLACK
    above, below = low >= -SLACK, high <= SLACK
    supports = {"different": above or below, "higher": above, "lower": below, "equal": inside}[expect]
    refutes = {"different": inside, "higher": high <= margin + SLACK, "lower": low >= -margin - SLACK, "equal": outside}
    answers |= {"supported"} if supports else set()
    return answers | ({"refuted"} if refutes[expect] else set())


@pytest.mark.parametrize("seed", range(25))
def test_no_interval_contradicts_its_verdict_also_among_many_claims(seed: int) -> None:
    rng = random.Random(seed)
    claims = [{**NORM, "expect": expect, "margin": rng.choice([0.002, 0.005, 0.01, 0.02])}
              for expect in ("different", "higher", "lower", "equal") for _ in range(rng.choice([1, 2]))]  # fmt: skip
    batch = [value + rng.gauss(rng.choice([0, 0.004, -0.008, 0.015]), rng.choice([0.002, 0.006])) for value in NONE]
    for verdict in compared(NONE, batch, claims).judged:
        assert isinstance(verdict, MeanVerdict)
        readings = read(verdict.interval, verdict.margin or 0.0, verdict.question.claim.expect)
        if verdict.answer == "inconclusive":
            assert readings == set(), verdict.sentence
        else:
            assert verdict.answer in readings, verdict.sentence
        assert not verdict.small or readings == {"supported", "refuted"}


def test_equality_has_the_interval_of_two_one_sided_tests() -> None:
    for expect in ("equal", "different"):
        found = judged(NONE, SAME, expect=expect)
        assert (found.interval.low, found.interval.high) == pytest.approx(t_interval(SAME, 0.90))
        assert found.statistics["interval_kind"] == "equivalence"
        assert found.statistics["interval_level"] == pytest.approx(0.9)


def test_where_one_side_is_refuted_the_interval_has_one_end() -> None:
    batch = shifted(-0.004, 6)
    found = judged(NONE, batch, expect="higher")
    assert found.answer == "refuted"
    assert found.statistics["interval"] == [None, pytest.approx(t_interval(batch, 0.90)[1])]
    assert (found.statistics["interval_level"], found.statistics["interval_kind"]) == (pytest.approx(0.95), "at most")
    assert "(one-sided 95 % interval: at most 0.50;" in found.sentence
    mirrored = judged(batch, NONE, expect="lower")
    assert mirrored.statistics["interval"] == [pytest.approx(-t_interval(batch, 0.90)[1]), None]


def test_among_several_claims_the_level_is_that_of_the_claims_step_of_holm() -> None:
    """The first of three is supported at a third of 5 %, of the two that are left none is at half of it."""
    claims = [{**NORM, "expect": expect, "margin": margin} for expect, margin in
              (("different", 0.003), ("higher", 0.002), ("higher", 0.002))]  # fmt: skip
    first, *_ = compared(NONE, FAR, claims).judged
    assert first.interval.level == pytest.approx(1 - 0.05 / 3)
    undecided = compared(NONE, OPEN, [{**NORM, "margin": 0.001 * k} for k in (1, 2, 3)]).judged
    assert [one.interval.level for one in undecided] == pytest.approx([1 - 0.05 / 3] * 3)
    assert "(98.3 % interval" in undecided[0].sentence


@pytest.mark.parametrize(
    ("by", "spread", "is_open"), [(0.008, 1.6, True), (0.05, 1.0, False), (-0.012, 2.5, True), (-0.05, 1.0, False)]
)
def test_a_difference_that_was_shown_says_whether_it_is_as_much_as_counts(
    by: float, spread: float, is_open: bool
) -> None:
    found = judged(NONE, shifted(by, spread))
    assert found.answer == "supported"
    assert ("Whether it is as much as 1.00 points is open." in found.sentence) == is_open
