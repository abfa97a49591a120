"""Verdicts as CSV and LaTeX."""

from __future__ import annotations

import csv
import io

from simulated_arms import FAR, NONE, NORM, SAME, compared

from cnnlab.comparison.tables import HEADINGS, as_csv, as_latex


def test_a_row_a_verdict_has_the_interval_of_its_test() -> None:
    judged = compared(NONE, SAME, [{**NORM, "expect": "equal"}]).judged
    head, row = csv.reader(io.StringIO(as_csv(judged)))
    assert tuple(head) == HEADINGS
    assert row[1:] == ["supported", "+0.00 points", "−0.15 to 0.15", "90 %", "5", "< 0.001"]


def test_latex_has_its_special_characters_escaped() -> None:
    claim = {**NORM, "says": r"50 % of act_x & {y} \\ z"}
    text = as_latex(compared(NONE, FAR, [claim]).judged)
    assert r"50 \% of act\_x \& \{y\}" in text
    assert text.count(r" \\") >= 2
    assert r"95 \%" in text
