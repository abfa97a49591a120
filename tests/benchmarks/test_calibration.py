"""A small part of `python -m benchmarks.calibration`; docs/calibration.md has all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.calibration import measure, rows
from benchmarks.scenarios import SCENARIOS

SWEEPS = 60
FEW = (
    "no effect, 5 seeds",
    "a difference of the margin, skewed",
    "no effect, a third of the runs diverged",
    "equal: the margin",
    "epochs to a target, no effect",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_verdicts_are_wrong_no_more_often_than_promised(name: str, tmp_path: Path) -> None:
    (scenario,) = (one for one in SCENARIOS if one.name == name)
    found = rows(scenario, measure(scenario, SWEEPS, 1, tmp_path))
    assert found
    assert [row for row in found if row[-1] == "NO"] == []


def test_a_large_effect_is_found_and_a_small_spread_shows_equality(tmp_path: Path) -> None:
    known = {"power: an effect of 2 points, 5 seeds": "supported", "power: no effect, 5 seeds, small spread": "refuted"}
    for scenario in SCENARIOS:
        if scenario.name in known:
            tally = measure(scenario, 20, 1, tmp_path)
            assert tally.right[known[scenario.name]] >= 18
