"""comparison.json of every kind of verdict, and the same sentences on the page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from goldens.record import load
from goldens.sweeps import SWEEPS

from cnnlab.comparison.report import report


def close(found: Any, golden: Any) -> Any:
    """`golden`, with numbers that differ in their last digits alone as `found` has them."""
    if isinstance(golden, dict) and isinstance(found, dict):
        return {key: close(found.get(key), value) for key, value in golden.items()}
    if isinstance(golden, list) and isinstance(found, list) and len(golden) == len(found):
        return [close(one, other) for one, other in zip(found, golden, strict=True)]
    if isinstance(golden, float) and found == pytest.approx(golden, rel=1e-8, abs=1e-12):
        return found
    return golden


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_judged_as_it_always_was(name: str, tmp_path: Path) -> None:
    folders = SWEEPS[name](tmp_path)
    page = report(folders).page
    found, golden = json.loads((folders[0] / "comparison.json").read_text()), load(f"verdicts/{name}.json")
    assert found == close(found, golden)
    shown = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))))
    assert [one["sentence"] for one in found["contrasts"] if one["sentence"] not in shown] == []
