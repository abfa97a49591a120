"""What several tests need: the command line, called in process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small import CONF

from cnnlab.cli.main import main


@pytest.fixture
def cnnlab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """run.py in this process, standing in an empty folder; the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda *argv: int(main(CONF, list(argv)))
