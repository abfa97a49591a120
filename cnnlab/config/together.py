"""Settings of different groups that have to fit one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnlab.errors import Fault
from cnnlab.metrics.monitor import Monitor, read_monitor
from cnnlab.training.losses import CrossEntropy


def together(parts: Mapping[str, Any]) -> Iterator[Fault]:
    """Faults between the parts of a run, each of which is sound by itself; None for those that are not."""
    top, data, loss = parts.get("top"), parts.get("data"), parts.get("loss")
    classes = data.classes if data else None
    if top and isinstance(fault := read_monitor(top.checkpoint.monitor, top.metrics, classes), Fault):
        yield fault
    weights = loss.class_weights if isinstance(loss, CrossEntropy) else None
    if weights is None:
        return
    if data and data.sampler:
        message = "rare classes would count twice, for data.sampler=balanced shows them more often already; choose one"
        yield Fault("loss.class_weights", message)
    if classes is not None and weights != "balanced" and len(weights) != classes:
        yield Fault("loss.class_weights", f"has {len(weights)} numbers, the data have {classes} classes")


def monitor_of(top: Any) -> Monitor:
    """What chooses the best epoch of a run whose settings were checked."""
    monitor = read_monitor(top.checkpoint.monitor, top.metrics)
    assert isinstance(monitor, Monitor), monitor
    return monitor
