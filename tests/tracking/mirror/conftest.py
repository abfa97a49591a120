"""Mirrors that are tested."""

from __future__ import annotations

import sys

import pytest

from cnnlab.tracking.mirror import follower, upload

HURRIED = """
import sys
sys.path[:] = sys.argv[1:]
from cnnlab.tracking.mirror import mirror, process
mirror.INIT, mirror.FINISH, mirror.SETTLE = 1.0, 2.0, 1.0
process.main()
"""


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mirrors that do not wait for W&B's server as long as a user's do."""
    for module in (follower, upload):
        monkeypatch.setattr(module, "command", lambda: [sys.executable, "-c", HURRIED, *sys.path])
