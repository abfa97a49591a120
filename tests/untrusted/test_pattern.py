"""Files by a pattern, in folders whose names look like patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab.untrusted import pattern as patterns
from cnnlab.untrusted.files import Refused
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


def test_hidden_names_and_links_to_folders_are_passed_by(tmp_path: Path) -> None:
    for name in ("a/x.png", "a/.hidden/y.png", "b/.z.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a/loop").symlink_to(tmp_path)
    assert matches(tmp_path / "**/*.png") == [tmp_path / "a/x.png"]
    assert matches(tmp_path / "*/.*.png") == [tmp_path / "b/.z.png"]
    assert matches(tmp_path / "a/l*p/b/.z.png") == [tmp_path / "a/loop/b/.z.png"]


def test_a_pattern_that_leads_past_too_many_names_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").touch()
    monkeypatch.setattr(patterns, "MOST", 30)
    assert len(matches(tmp_path / "*")) == 30
    (tmp_path / "one more.txt").touch()
    with pytest.raises(Refused, match=r"leads past more than 30 names; write a pattern that begins further in"):
        matches(tmp_path / "*.png")
