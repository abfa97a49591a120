"""A few runs interrupted by `python -m benchmarks.torture`, whose process is its own, as it forks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_runs_that_were_interrupted_end_like_one_that_was_not() -> None:
    words = ["kills=1", "power=1", "damage=2"]
    command = [sys.executable, "-m", "benchmarks.torture", *words]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(re.findall(r"[1-9]\d* runs   0 lost   0 different", ended.stdout)) == 3, ended.stdout
