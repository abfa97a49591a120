"""From questions to verdicts: families, their correction, and how many more seeds would settle a claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from simulated_arms import (
    FAR,
    LOST,
    NONE,
    NORM,
    OPEN,
    compared,
    judged,
    shifted,
    swept,
)

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import Comparison, compare
from cnnlab.comparison.comparison import record
from cnnlab.comparison.judge import by_family, failed_controls
from cnnlab.comparison.looks import levels


def test_verdicts_read_together_are_corrected_by_holm_and_controls_are_not() -> None:
    claims = [{**NORM, "expect": "different"}, {**NORM, "expect": "higher"}, {**NORM, "expect": "lower"}]
    controls = [{**claim, "control": True} for claim in claims[:2]]
    found = compared(NONE, OPEN, [*claims, *controls]).judged
    p = found[0].evidence.p
    assert p
    assert [one.evidence.corrected_supported for one in found[:3]] == pytest.approx([3 * p, 3 * p, 1.0])
    assert [one.evidence.corrected_supported for one in found[3:]] == pytest.approx([p, p])
    assert [one.evidence.together for one in found] == [3, 3, 3, 1, 1]


def test_a_difference_that_one_claim_shows_is_not_shown_among_many() -> None:
    batch = shifted(0.004, 1.6)
    alone = judged(NONE, batch, margin=0.001)
    assert alone.evidence.p
    assert 0.05 / 4 < alone.evidence.p < 0.05
    assert alone.answer == "supported"
    many = compared(NONE, batch, [{**NORM, "margin": 0.001 + 0.0001 * at} for at in range(4)]).judged
    assert {one.answer for one in many} == {"inconclusive"}


def test_the_studys_alpha_is_the_one_that_counts() -> None:
    batch = shifted(0.004, 1.6)
    keys = {"model.norm": ["none", "batch"], "seed": list("01234")}

    def end(at) -> Outcome:
        return Outcome(acc=(batch if at["model.norm"] == "batch" else NONE)[int(at["seed"])])

    found = swept(keys, end, [{**NORM, "margin": 0.001}], alpha=0.001).judged[0]
    assert found.answer == "inconclusive"


def test_a_corrected_p_stands_beside_the_one_that_was_found() -> None:
    claims = [{**NORM, "margin": 0.001 + 0.0001 * at} for at in range(4)]
    first = compared(NONE, shifted(0.004, 1.6), claims).judged[0]
    assert "; p = 0.024, 0.096 after correction)" in first.sentence


RATES = [
    ("different", 5, 0, "supported"), ("different", 3, 2, "inconclusive"),
    ("higher", 5, 0, "supported"), ("higher", 0, 5, "refuted"), ("higher", 3, 2, "inconclusive"),
    ("lower", 0, 5, "supported"), ("lower", 5, 0, "refuted"), ("lower", 0, 1, "inconclusive"),
    ("equal", 5, 0, "refuted"), ("equal", 0, 0, "inconclusive"), ("equal", 3, 3, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "none", "verdict"), RATES)
def test_divergence_is_judged_by_its_rates(expect: str, batch: int, none: int, verdict: str) -> None:
    arms = [[LOST] * lost + NONE[lost:] for lost in (none, batch)]
    found = judged(*arms, metric="diverged", expect=expect)
    assert (found.answer, found.shares) == (verdict, (batch / 5, none / 5))


AGAINST = [
    ("different", 3, 0.1, "supported"), ("different", 1, 0.1, "inconclusive"), ("different", 1, 0, "supported"),
    ("higher", 3, 0.1, "supported"), ("higher", 0, 0.8, "refuted"), ("higher", 5, 0.5, "inconclusive"),
    ("lower", 0, 0.8, "supported"), ("lower", 3, 0.1, "refuted"), ("lower", 0, 0.1, "inconclusive"),
    ("equal", 3, 0.1, "refuted"), ("equal", 0, 0, "inconclusive"), ("equal", 5, 1, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "lost", "value", "verdict"), AGAINST)
def test_a_rate_of_divergence_is_held_against_a_number_by_its_binomial(
    expect: str, lost: int, value: float, verdict: str
) -> None:
    found = judged(NONE, [LOST] * lost + NONE[lost:], metric="diverged", expect=expect, value=value)
    assert (found.answer, found.shares, found.estimate) == (verdict, (lost / 5, value), None)
    assert found.evidence.p == pytest.approx(stats.binomtest(lost, 5, value).pvalue)


@pytest.mark.parametrize(
    ("seeds", "at", "p"),
    [(1, ["1", "2", "3", "4"], 1.0), (5, ["4"], 2 / 252), (5, ["1", "2", "3", "4"], 2 / 252), (2, ["4"], 2 / 6)],
)
def test_runs_of_one_seed_are_no_more_than_one_to_a_test_of_rates(seeds: int, at: list[str], p: float) -> None:
    """Four rates are averaged over; at some of them every run of batch diverges."""
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": list("1234"), "seed": list("01234")[:seeds]}

    def end(of: Mapping[str, str]) -> Outcome:
        return LOST if of["model.norm"] == "batch" and of["optimizer.lr"] in at else Outcome(acc=0.8)

    found = swept(keys, end, [{**NORM, "metric": "diverged", "expect": "higher"}]).judged[0]
    assert found.evidence.p == pytest.approx(p)
    assert found.shares == (len(at) / 4, 0)
    alone = swept(keys, end, [{**NORM, "metric": "diverged", "expect": "higher", "value": 0.1}]).judged[0]
    count = seeds * len(at) // 4
    assert alone.evidence.p == pytest.approx(stats.binomtest(count, seeds, 0.1).pvalue)


def test_an_undecided_claim_says_what_could_have_been_seen_and_how_many_seeds_would_do() -> None:
    found, together = judged(NONE, OPEN), compared(NONE, OPEN, [NORM, {**NORM, "expect": "equal"}]).judged
    assert found.estimate
    assert found.reach.detectable == pytest.approx(3.761 * found.estimate.sd / 5**0.5, rel=1e-3)
    assert found.reach.more == 10
    assert together[0].reach.detectable == pytest.approx(4.584 * found.estimate.sd / 5**0.5, rel=1e-3)
    assert [one.reach.more for one in together] == [13, None]  # the mean is the margin: no number tells
    assert judged(NONE, FAR).reach.more is None


def test_what_a_claim_of_equality_could_have_shown_is_of_its_own_tests() -> None:
    """A difference as large as is said is refuted eight times in ten; arms that are equal are shown to be within it."""
    found = judged(NONE, OPEN, expect="equal")
    assert found.estimate
    sd, n = found.estimate.sd, found.estimate.n
    draws = np.random.default_rng(5).normal(0, sd, (20_000, n))
    error, mean = draws.std(axis=1, ddof=1) / n**0.5, draws.mean(axis=1)
    near = stats.t.sf((np.abs(mean + found.reach.detectable) - 0.01) / error, n - 1)
    far = stats.t.sf((np.abs(mean + found.reach.detectable) + 0.01) / error, n - 1)
    assert np.mean(near + far <= 0.05) == pytest.approx(0.8, abs=0.02)
    within = stats.t.sf((found.reach.equality - np.abs(mean)) / error, n - 1)
    assert np.mean(within <= 0.05) == pytest.approx(0.8, abs=0.03)
    assert found.reach.detectable_between[0] < found.reach.detectable < found.reach.detectable_between[1]


def test_seeds_that_would_settle_it_have_the_uncertainty_of_the_spread() -> None:
    low, high = judged(NONE, OPEN).reach.more_between
    assert low < 10 < high


LONG = {"none": [0.8, 0.812, 0.791, 0.805, 0.799] * 2, "batch": [0.826, 0.814, 0.801, 0.823, 0.793] * 2}
"""ten seeds, of which the first five leave it open"""


def looked_at(folder: Path, seeds: int, at: Mapping[str, Sequence[float]] = LONG, **manifest: list[int]) -> Comparison:
    """A sweep of so many seeds, whose record says when it was looked at."""

    def end(of: Mapping[str, str]) -> Outcome:
        return Outcome(acc=at[of["model.norm"]][int(of["seed"])])

    keys = {"model.norm": list(at), "seed": [str(seed) for seed in range(seeds)]}
    home = write_sweep(folder / "sweep", keys, end, study={"claims": [NORM]})
    record = json.loads((home / "sweep.json").read_text())
    (home / "sweep.json").write_text(json.dumps({**record, **manifest}))
    return compare([home])


def test_a_second_look_has_a_level_of_its_own_and_says_so(tmp_path: Path) -> None:
    once, twice = (looked_at(tmp_path / str(len(seen)), 10, looked=seen) for seen in ([], [5]))
    assert once.judged[0].evidence.p == twice.judged[0].evidence.p
    assert once.judged[0].evidence.corrected_supported == pytest.approx(once.judged[0].evidence.p)
    level = levels((5, 10), 0.05)[1]
    assert twice.judged[0].evidence.level_supported == pytest.approx(level, rel=0.02)
    assert twice.judged[0].evidence.corrected_supported > 1.2 * twice.judged[0].evidence.p
    assert once.looking is None
    said = "after 5 and 10 seeds, which was not declared: for one claim p is held against 0.025, 0.03,"
    assert said in (twice.looking or "")
    assert record(twice)["looks"] == {"seeds": [5, 10], "declared": False}


def test_what_an_earlier_look_has_settled_stays_as_it_was(tmp_path: Path) -> None:
    """After three seeds batch is better beyond doubt; the seven that come later would take it back."""
    ends = {
        "none": [0.8 + seed / 1000 for seed in range(10)],
        "batch": [0.9, 0.9011, 0.902, *[0.7, 0.9, 0.7, 0.9, 0.7, 0.7, 0.9]],
    }
    declared = looked_at(tmp_path / "looks", 10, ends, looks=[3, 10]).judged[0]
    assert (declared.answer, declared.estimate.n, declared.evidence.look.number) == ("supported", 3, 0)
    assert looked_at(tmp_path / "once", 10, ends).judged[0].answer == "inconclusive"


def test_a_look_whose_runs_have_not_all_ended_is_not_taken_yet(tmp_path: Path) -> None:
    early = looked_at(tmp_path / "early", 7, looks=[5, 10]).judged[0]
    assert (early.estimate.n, early.evidence.look.number) == (5, 0)
    late = looked_at(tmp_path / "late", 10, looks=[5, 10]).judged[0]
    assert (late.estimate.n, late.evidence.look.number) == (10, 1)


@pytest.mark.parametrize("looks", [["x"], [1, 5], [True, 5], "3,5", [3, 10**9], None])
def test_looks_that_no_record_can_have_are_none(tmp_path: Path, looks: Any) -> None:
    assert looked_at(tmp_path, 10, looks=looks, looked=looks).looking is None


def settling(expect: str, mean: float, sd: float, margin: float, n: int) -> float:
    """How often n seeds support the claim, or refute it if that is likelier; mean and spread are what they seemed."""
    draws = np.random.default_rng(4).normal(mean, sd, (20_000, n))
    sign = 1 if expect == "higher" else -1
    supported = (stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.05) & (sign * draws.mean(axis=1) > 0)
    refuted = stats.ttest_1samp(sign * draws, margin, axis=1, alternative="less").pvalue <= 0.05
    return float(max(np.mean(supported), np.mean(refuted)))


@pytest.mark.parametrize(
    ("expect", "by", "spread"),
    [("lower", 0.005, 16), ("higher", -0.004, 18), ("higher", 0.002, 8), ("higher", 0.01, 8)],
)
def test_seeds_that_would_settle_a_claim_of_more_or_less_do_so_eight_times_in_ten(
    expect: str, by: float, spread: float
) -> None:
    """Supporting is a two-sided test, refuting a one-sided one."""
    found = judged(NONE, shifted(by, spread), expect=expect)
    assert found.answer == "inconclusive"
    assert found.estimate
    assert found.reach.more
    n = found.estimate.n + found.reach.more
    assert settling(expect, found.estimate.mean, found.estimate.sd, 0.01, n) == pytest.approx(0.8, abs=0.03)


def test_families_come_in_order_and_controls_that_fail_are_told() -> None:
    found = compared(NONE, [*FAR[:4], LOST], [{**NORM}, {**NORM, "expect": "lower", "control": True}]).judged
    assert list(by_family(found)) == ["controls", "claims", "divergence"]
    assert [one.question.claim.expect for one in failed_controls(found)] == ["lower"]
