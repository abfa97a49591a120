"""Spoilt recipes and command lines: some of the 300 that `.ci/run` has `python -m benchmarks.fuzz` try."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fuzz


@pytest.mark.slow
def test_none_of_20_cases_ends_in_a_traceback_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CNNLAB_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with fuzz.quiet():
        totals = fuzz.fuzz(range(20), seed=0)
    assert totals.failures == []
    assert totals.ends[0] > 0  # spoilt, but some of it still means something
    assert totals.ends[2] > 10


def test_a_case_is_the_same_again() -> None:
    assert fuzz.case(3, 7) == fuzz.case(3, 7) != fuzz.case(3, 8)


def test_what_is_asked_for_wrongly_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["cases=many"]) == 2
    assert "write cases=NUMBER, seed=NUMBER, only=NUMBER" in capsys.readouterr().err
