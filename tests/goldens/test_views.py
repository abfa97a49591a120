"""What the command line prints of a few networks: a change of one character is one that somebody meant."""

from __future__ import annotations

import pytest
from goldens.record import VIEWED, VIEWS, view, view_file

FEW = ("lenet", "kept")


@pytest.mark.parametrize("what", VIEWS)
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW)) for name in VIEWED])
def test_a_network_is_shown_as_it_always_was(name: str, what: str) -> None:
    assert view(name, what) == view_file(name, what).read_text(encoding="utf-8")
