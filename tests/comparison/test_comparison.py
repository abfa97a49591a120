"""What is said of a whole comparison."""

from __future__ import annotations

from simulated_arms import (
    NONE,
    NORM,
    compared,
    shifted,
)

from cnnlab.comparison.comparison import headline


def test_the_headline_counts_verdicts_and_says_the_first_that_holds() -> None:
    claims = [{**NORM, "expect": expect} for expect in ("lower", "higher", "equal")]
    found = compared(NONE, shifted(0.05), claims).judged
    assert headline(found, 0, 10).startswith(
        "Of 3 claims: 1 supported, 2 refuted. norm=batch is 5.00 points higher than norm=none in test accuracy ("
    )
    assert headline(found[:1], 3, 10).startswith("So far (7 of 10 runs): norm=batch is 5.00 points higher")
    assert headline([], 0, 5) == "Nothing is compared here: all runs are of one arm."


def test_numbers_stay_where_numbers_can_be() -> None:
    wide = compared([0.1, 0.9], [0.95, 0.15], [{**NORM, "expect": "higher"}])
    assert [arm.interval(wide.metrics[0]) for arm in wide.arms] == [(0.0, 1.0), (0.0, 1.0)]
    assert "These seeds could have shown no difference, however large (80 % power)." in wide.judged[0].sentence
    alike = compared([0.1, 0.1], [0.1, 0.1], [NORM]).arms[0]
    low, high = alike.interval(alike.metric) or (0.0, 0.0)
    assert low < 0.1 < high
