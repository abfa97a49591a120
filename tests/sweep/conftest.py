"""Sweeps whose server starts at once; `test_sweep` has one that starts as a user's does."""

import subprocess
from types import SimpleNamespace

import pytest
from forked_cli import Server

from cnnlab.sweep import pool


@pytest.fixture(autouse=True)
def warm_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "subprocess", SimpleNamespace(Popen=Server, DEVNULL=subprocess.DEVNULL))
