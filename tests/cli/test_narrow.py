"""Tables that a terminal has no room for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnnlab.cli.narrow import fitting


def test_columns_give_way_in_their_order_and_no_more_of_them_than_must() -> None:
    columns = {name: ["x" * 10] for name in "abcd"}
    assert list(fitting(columns, 46, "dcb")) == ["a", "b", "c", "d"]
    assert list(fitting(columns, 45, "dcb")) == ["a", "b", "c"]
    assert list(fitting(columns, 5, "dcb")) == ["a"]


def test_a_cell_that_may_wrap_needs_its_longest_word() -> None:
    assert fitting({"a": ["norm batch → none"]}, 80, "") == {"a": 17}
    assert fitting({"a": ["norm batch → none"]}, 80, "", wrapping=True) == {"a": 5}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_of_two_networks_breaks_no_word(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert cnnlab("task=diff", "model=resnet18", "against=model=resnet34 model.norm=none") == 0
    lines = capsys.readouterr().out.splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("1 block is equal"))
    table = lines[:end]
    assert max(map(len, table)) <= width
    words = {word for line in table for word in line.split()}
    assert {"block", "settings", "parameters", "body.stage3.2–5", "1,180,160"} <= words
    assert ("355×355–547×547" in words) == (width >= 80)
