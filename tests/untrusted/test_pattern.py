"""Files by a pattern, in folders whose names look like patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab.untrusted.pattern import matches


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a[1]/*.png", ["a[1]/x.png"]),
        ("a[1]/b*/[xy].png", ["a[1]/b?/y.png"]),
        ("a*/x.png", ["a1/x.png", "a[1]/x.png"]),
        ("**/y.png", ["a[1]/b?/y.png"]),
        ("a[0-9]/*.png", ["a1/x.png"]),
        ("nothing/*", []),
    ],
)
def test_brackets_of_a_folder_that_is_there_are_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, found: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a[1]/x.png", "a[1]/b?/y.png", "a1/x.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert matches(Path(pattern)) == [Path(name) for name in found]
    assert matches(tmp_path / pattern) == [tmp_path / name for name in found]
