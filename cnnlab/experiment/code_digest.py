"""Digest of the source files that compute results: runs of one version may still be made by different code."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

COMPUTING = ("blocks", "data", "experiment", "metrics", "network", "training", "weights")
"""packages whose code numbers in a record hang on; what only composes settings is left out, for the identity has what
they came to, and so is what shows, judges or files away the numbers"""


@cache
def code_digest() -> str:
    """16 hex digits; the same wherever the package is installed."""
    package = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for name in COMPUTING:
        for file in sorted((package / name).rglob("*.py")):
            whole.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()[:16]
