"""Settings that have another name since 0.3.0: what to say of the old one, and how older records are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnlab.errors import Fault

MOVED = {"label_smoothing": "loss.label_smoothing"}
"""old name -> new one"""


def fault_of(path: str) -> Fault:
    """What to say of an old name."""
    return Fault(path, f"is {MOVED[path]} now")


def migrated(config: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved configuration of a record in today's words. 0.2.0 had one loss, with a setting at the top."""
    if "label_smoothing" not in config or "loss" in config:
        return dict(config)
    smoothing = config["label_smoothing"]
    rest = {name: value for name, value in config.items() if name != "label_smoothing"}
    return {**rest, "loss": {"kind": "cross_entropy", "label_smoothing": smoothing}}
