"""Verdicts on paired differences: each row of the table, and whole sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from scipy import stats
from simulated_arms import (
    FAR,
    LITTLE_LOWER,
    LOST,
    LOWER,
    NEAR,
    NONE,
    NORM,
    OPEN,
    SAME,
    WIDE,
    judged,
    reaching,
    shifted,
    swept,
)

from benchmarks.simulated import Outcome

TABLE = [
    ("different", FAR, "supported"), ("different", LOWER, "supported"), ("different", SAME, "refuted"),
    ("different", NEAR, "small"), ("different", LITTLE_LOWER, "small"), ("different", WIDE, "inconclusive"),
    ("higher", FAR, "supported"), ("higher", LOWER, "refuted"), ("higher", SAME, "refuted"),
    ("higher", NEAR, "small"), ("higher", LITTLE_LOWER, "refuted"), ("higher", WIDE, "inconclusive"),
    ("lower", FAR, "refuted"), ("lower", LOWER, "supported"), ("lower", SAME, "refuted"),
    ("lower", NEAR, "refuted"), ("lower", LITTLE_LOWER, "small"), ("lower", WIDE, "inconclusive"),
    ("equal", FAR, "refuted"), ("equal", LOWER, "refuted"), ("equal", SAME, "supported"),
    ("equal", NEAR, "supported"), ("equal", LITTLE_LOWER, "supported"), ("equal", WIDE, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "wanted"), TABLE)
def test_each_expectation_is_judged_by_its_row_of_the_table(expect: str, batch: list[float], wanted: str) -> None:
    found = judged(NONE, batch, expect=expect)
    assert ("small" if found.small else found.answer) == wanted
    assert not found.small or found.answer == "refuted"


def test_the_p_values_of_a_verdict_are_those_of_its_row() -> None:
    differences = [b - a for a, b in zip(NONE, OPEN, strict=True)]

    def p(at: float, side: str) -> float:
        return float(stats.ttest_1samp(differences, at, alternative=side).pvalue)

    within = max(p(0.01, "less"), p(-0.01, "greater"))
    rows = {
        "different": (p(0, "two-sided"), within),
        "higher": (p(0, "two-sided"), p(0.01, "less")),
        "lower": (1.0, p(-0.01, "greater")),
        "equal": (within, p(0.01, "greater") + p(-0.01, "greater")),
    }
    for expect, wanted in rows.items():
        found = judged(NONE, OPEN, expect=expect)
        assert (found.evidence.p_supported, found.evidence.p_refuted) == pytest.approx(wanted)


def test_a_claim_against_a_number_needs_no_reference() -> None:
    below, above = judged(NONE, FAR, expect="lower", value=0.9), judged(NONE, FAR, expect="higher", value=0.9)
    assert (below.answer, above.answer) == ("supported", "refuted")
    assert below.mean == pytest.approx(sum(FAR) / 5 - 0.9)
    assert judged(NONE, [0.851, 0.849, 0.85, 0.852, 0.848], expect="equal", value=0.85).answer == "supported"


def test_accuracies_that_all_agree_are_judged_by_the_images_they_rest_on() -> None:
    found = judged([0.8] * 5, [0.8] * 5)
    assert (found.answer, found.mean) == ("refuted", 0)
    assert found.estimate
    assert found.estimate.agree
    assert found.estimate.sd == pytest.approx(1 / 2000 / 6**0.5)


EPOCHS = {"metric": "epochs to val/acc >= 0.7", "expect": "lower"}
AGREE = "All {} seeds agree to the measure's resolution; up to {} % of seeds might not."

ACCURACY = [
    ("different", shifted(0.05), "norm=batch is 5.00 points higher than norm=none in test accuracy"
     " (95 % interval 4.80 to 5.20; 5 seeds; p < 0.001)."),
    ("lower", shifted(-0.05), "norm=batch is 5.00 points lower than norm=none in test accuracy"
     " (95 % interval −5.20 to −4.80; 5 seeds; p < 0.001)."),
    ("higher", shifted(-0.05), "norm=batch is 5.00 points lower than norm=none in test accuracy: not higher by"
     " 1.00 points (one-sided 95 % interval: at most −4.85; 5 seeds; p < 0.001)."),
    ("higher", shifted(0.005), "norm=batch is 0.50 points higher than norm=none in test accuracy: a real difference,"
     " but smaller than the margin of 1.00 points (90 % interval 0.35 to 0.65; 5 seeds; p = 0.001)."),
    ("equal", shifted(0.0), "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     " (90 % interval −0.15 to 0.15; 5 seeds; p < 0.001)."),
    ("different", shifted(0.0), "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     " (90 % interval −0.15 to 0.15; 5 seeds; p < 0.001)."),
    ("equal", shifted(0.05), "norm=batch is 5.00 points higher than norm=none in test accuracy: more than 1.00 points"
     " (90 % interval 4.85 to 5.15; 5 seeds; p < 0.001)."),
    ("lower", shifted(0.0), "norm=batch and norm=none have the same mean test accuracy: not lower by 1.00 points"
     " (one-sided 95 % interval: at least −0.15; 5 seeds; p < 0.001)."),
    ("different", shifted(0.01, 8), "Undecided: norm=batch is 1.00 points higher than norm=none in test accuracy, but"
     " 5 seeds leave it open (95 % interval −0.57 to 2.57; 5 seeds; p = 0.15). These seeds could have shown 2.13 points"
     " (80 % power; 1.27 to 6.11 by the uncertainty of the spread). About 10 more seeds would settle it (2 to 101 by"
     " that uncertainty), if mean and spread stay as they are; looked at again, p is then held against 0.036 in place"
     " of 0.05."),
    ("equal", shifted(0.01, 8), "Undecided: norm=batch is 1.00 points higher than norm=none in test accuracy, but"
     " 5 seeds leave it open (90.5 % interval −0.23 to 2.23; 5 seeds; of equality p = 0.50). These seeds could have"
     " shown equality within 2.07 points (1.24 to 5.96), or a difference of 2.75 points (80 % power; 2.03 to 6.36 by"
     " the uncertainty of the spread). More seeds than anyone will run would be needed."),
    ("different", NONE, "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     f" (90 % interval −0.02 to 0.02; 5 seeds; p < 0.001). {AGREE.format(5, 45)}"),
    ("higher", shifted(-0.004, 18), "Undecided: norm=batch is 0.40 points lower than norm=none in test accuracy, but"
     " 5 seeds leave it open (95 % interval −3.93 to 3.13; 5 seeds; p = 0.77). These seeds could have shown 4.79 points"
     " (80 % power; 2.87 to 13.76 by the uncertainty of the spread). About 22 more seeds would settle it (6 to more"
     " than 195 by that uncertainty), if mean and spread stay as they are; looked at again, p is then held against"
     " 0.041 in place of 0.05."),
    ("higher", [*shifted(0.012, 8)[:4], LOST], "Undecided: norm=batch is 1.60 points higher than norm=none in test"
     " accuracy, but 4 seeds leave it open (95 % interval −0.04 to 3.24; 4 seeds; p = 0.053). These seeds could have"
     " shown 2.20 points (80 % power; 1.24 to 8.19 by the uncertainty of the spread). More seeds alone would not settle"
     " it, because 1 of 5 runs of batch diverged, 0 of 5 of none: the better mean is one of survivors."),
    ("higher", [*shifted(0.05)[:4], LOST], "Undecided, because 1 of 5 runs of batch diverged, 0 of 5 of none: the"
     " better mean is one of survivors. Among the runs that can be compared, norm=batch is 5.05 points higher than"
     " norm=none in test accuracy (95 % interval 4.84 to 5.26; 4 seeds; p < 0.001)."),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "said"), ACCURACY)
def test_verdicts_on_accuracy_read_so(expect: str, batch: Any, said: str) -> None:
    assert judged(NONE, batch, expect=expect).sentence == said


def test_one_run_counts_and_two_count() -> None:
    few = judged(reaching(8, 8, 8), reaching(None, 3, 2), **EPOCHS).sentence
    assert "1 run did not reach it and counts with the budget: how far apart they are is not known." in few


def test_what_lies_beyond_a_grid_is_said_to_be_unknown() -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        most = 1.6 if at["model.norm"] == "batch" else 0.1 if at["seed"] == "0" else 0.4
        return Outcome(acc=0.8 if float(at["optimizer.lr"]) <= most else 0.1)

    rates = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.4", "1.6"], "seed": ["0", "1", "2", "3"]}
    metric = "largest optimizer.lr with test/acc >= 0.5"
    (only,) = swept(rates, end, [{**NORM, "expect": "higher", "metric": metric}]).judged
    assert "norm=batch has ×5.66 the largest optimizer.lr with test accuracy ≥ 0.5 of norm=none" in only.sentence
    assert "4 numbers lie at an end of the grid: what is beyond it is not known." in only.sentence
