"""Every hostile file ends in a message and exit code 2, small, with nothing run and nothing written."""

from __future__ import annotations

import pytest
from hostile.files import CASES
from hostile.suite import Suite

SOME = [pytest.param(name, marks=[pytest.mark.slow] * (at % 4 > 0)) for at, name in enumerate([*CASES][::5])]
"""for which there is time here; `.ci/run` has measure.py try all"""


@pytest.mark.parametrize("name", SOME)
def test_a_hostile_file_is_told_of_and_does_nothing(with_run: Suite, name: str) -> None:
    _, wrong = with_run.file(name)
    assert wrong == []


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 200
