"""The number by which the best epoch is chosen: a key of every epoch's row, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnnlab.errors import Fault, FaultKind, did_you_mean, meant
from cnnlab.metrics.by_class import TOP_FROM
from cnnlab.metrics.keys import ROW
from cnnlab.metrics.metric import Metric
from cnnlab.registry import kind_of

PATH = "checkpoint.monitor"


@dataclass(frozen=True)
class Monitor:
    """What chooses the best checkpoint."""

    key: str = "val/acc"
    better: int = 1
    """1 where more is better, -1 where less is"""

    @property
    def mode(self) -> Literal["max", "min"]:
        """As Lightning's callbacks call the direction."""
        return "max" if self.better > 0 else "min"

    def score(self, row: Mapping[str, Any]) -> float:
        """An epoch's number, such that more is better: minus infinity where it is not a number. KeyError without it."""
        value = row[self.key]
        return self.better * value if isinstance(value, int | float) and math.isfinite(value) else -math.inf

    @property
    def facts(self) -> dict[str, Any]:
        """As a run's record has it."""
        return {"monitor": self.key, "monitor_mode": self.mode}


def recorded_each_epoch(metrics: Iterable[Metric], classes: int | None) -> dict[str, int]:
    """The keys of a run's rows that an epoch may be chosen by, each with its direction (0: nobody said which)."""
    own = {key: info.better for key, info in ROW.items() if key.startswith(("val/", "train/"))}
    if classes is not None and classes < TOP_FROM:
        del own["val/acc5"]
    others = {key: info.better for metric in metrics if metric.when == "epoch" for key, info in metric.keys().items()}
    return {**own, **others}


def read_monitor(key: str, metrics: Iterable[Metric], classes: int | None = None) -> Monitor | Fault:
    """The monitor of that name, for a run that measures `metrics` besides; or why it is none."""
    metrics = list(metrics)
    known = recorded_each_epoch(metrics, classes)
    measuring = [(metric, info) for metric in metrics if (info := metric.info(key))]
    for metric, info in measuring:  # NAME/KEY, where a metric has several numbers
        known |= {key: info.better} if metric.when == "epoch" else {}
    if better := known.get(key):
        return Monitor(key, better)
    choices = tuple(name for name, better in known.items() if better)
    if key.startswith("test/"):
        return Fault(PATH, f"the test images choose nothing, or {key} would be no test; write val/acc or the like")
    if measuring and all(metric.when == "end" and not metric.callback() for metric, _ in measuring):
        kind = kind_of(type(measuring[0][0]))
        return Fault(
            PATH, f"{key} is measured once, at the end ({kind}), when the best epoch has been chosen", word=key
        )
    if measuring or key in known:
        message = f"nothing says which way {key} is better, as `better = 1` or `better = -1` in a metric's class does"
        return Fault(PATH, message, word=key)
    message = f"no epoch records {key!r}{did_you_mean(key, choices)}; known are {', '.join(choices)}"
    return Fault(PATH, message, FaultKind.UNKNOWN_CHOICE, key, meant(key, choices), choices)
