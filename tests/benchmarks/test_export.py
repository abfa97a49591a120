"""The table of exports has a row for each network, with a difference or what stood in the way."""

from __future__ import annotations

import pytest

from benchmarks.export import HEADINGS, main


@pytest.mark.slow
def test_a_row_says_how_near_each_format_comes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["d2l/lenet"]) == 0
    *_, title, line, row = capsys.readouterr().out.splitlines()
    assert title == f"| {' | '.join(HEADINGS)} |"
    cells = row.strip("| ").split(" | ")
    assert cells[:2] == ["d2l/lenet", "61,706"]
    assert cells[3:5] == ["to the bit", "to the bit"]
    assert len(cells) == len(HEADINGS) == line.count("|") - 1
