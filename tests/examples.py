"""How many examples property tests draw: all of them, or few in the inner loop (`-m "not slow"`)."""

from __future__ import annotations

import os

FEW = "CNNLAB_TESTS_DRAW_FEW"
"""set in the environment by conftest.py before tests are read"""


def examples(count: int) -> int:
    return max(count // 4, 3) if FEW in os.environ else count
