"""Every hostile file ends in a message and exit code 2, small, with nothing run and nothing written."""

from __future__ import annotations

import pytest
from hostile.files import CASES
from hostile.suite import Suite

SOME = [*CASES][::2]
"""for which there is time here; `measure.py` tries all"""


@pytest.mark.parametrize("name", SOME)
def test_a_hostile_file_is_told_of_and_does_nothing(with_run: Suite, name: str) -> None:
    _, wrong = with_run.file(name)
    assert wrong == []


def test_there_are_enough_of_them() -> None:
    assert len(SOME) >= 100
