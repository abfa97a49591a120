"""Which of Lightning's callbacks act under cnnlab's own loop, and what takes the place of the others.

cnnlab optimises by hand, gives Lightning several steps at once, feeds batches itself and keeps its own checkpoints and
records. Most of Lightning's callbacks change or watch what is then not there: they would be accepted and do nothing.
Torch and Lightning are not imported to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnlab.errors import Fault, did_you_mean, near
from cnnlab.metrics.keys import ROW

PACKAGE = "pytorch_lightning."
TAKEN = ("EarlyStopping", "Timer")
"""those whose effect on a run is tested (tests/training/test_lightning_callbacks.py)"""
_OURS = "cnnlab keeps the checkpoints itself, in the run's folder: checkpoint.every says when"
_RECORDED = "it needs one of Lightning's loggers, and a run has none:"
_LINES = "a run's lines and bar are cnnlab's own: trainer.progress switches them"
_TABLE = "Lightning's tables are not printed in a run: task=summary prints the network's"
_AVERAGING = "it swaps weights at moments that cnnlab's loop does not have; ema.decay averages them"
_UNFREEZING = "it makes groups that optimizer.lr_factors does not know; model.freeze='{body: 3}' unfreezes"
REFUSED: Mapping[str, str] = {
    "BackboneFinetuning": f"{_UNFREEZING} after epochs",
    "BaseFinetuning": f"{_UNFREEZING} after epochs",
    "BasePredictionWriter": "nothing is predicted in training; task=predict writes predictions.csv",
    "BatchSizeFinder": (
        "batches are not Lightning's to make; set data.batch_size, and a run that lacks memory says what fits"
    ),
    "Callback": "it does nothing by itself; derive from it in a module that plugins= names",
    "Checkpoint": _OURS,
    "DeviceStatsMonitor": f"{_RECORDED} result.json has the peak of memory",
    "EMAWeightAveraging": _AVERAGING,
    "GradientAccumulationScheduler": "the optimiser steps by hand; trainer.accumulate_grad_batches adds batches up",
    "LambdaCallback": "YAML has no functions to give it; derive from Callback in a module that plugins= names",
    "LearningRateFinder": "the optimiser steps by hand; sweep the rate instead: -m optimizer.lr=0.01,0.03,0.1",
    "LearningRateMonitor": f"{_RECORDED} metrics.jsonl has the learning rate of each epoch",
    "ModelCheckpoint": _OURS,
    "ModelPruning": "it renames weights, which checkpoints are read by; make the network smaller: model.width=0.5",
    "ModelSummary": _TABLE,
    "OnExceptionCheckpoint": _OURS,
    "ProgressBar": _LINES,
    "RichModelSummary": _TABLE,
    "RichProgressBar": _LINES,
    "SpikeDetection": "it reads the loss of each step, which stays on the device; a loss that is not finite ends a run",
    "StochasticWeightAveraging": _AVERAGING,
    "TQDMProgressBar": _LINES,
    "ThroughputMonitor": f"{_RECORDED} metrics.jsonl has the images a second of each epoch",
    "WeightAveraging": _AVERAGING,
}
"""callback -> why it cannot act, and what to use in its place"""
OPEN = ("Callback", "Checkpoint", "LambdaCallback")
"""those that classes of one's own may derive from: what such a class does is its own"""
MONITORED = tuple(ROW)


def refusal(name: str) -> str | None:
    """Why Lightning's callback `name` is not taken; None where it is."""
    if name in TAKEN:
        return None
    if name in REFUSED:
        return f"{name} would not act here: {REFUSED[name]}"
    return f"Lightning has no callback {name!r} that is known to act here{near(name, TAKEN)}"


def refused_base(callback: type) -> str | None:
    """Why a class of one's own is not taken: what it derives from would not act."""
    for base in callback.__mro__:
        if base.__module__.startswith(PACKAGE) and base.__name__ in REFUSED and base.__name__ not in OPEN:
            return f"{callback.__name__} is a {base.__name__}, which would not act here: {REFUSED[base.__name__]}"
    return None


def wrong_arguments(name: str, path: str, settings: Mapping[str, Any], others_log: bool) -> Iterator[Fault]:
    """Arguments with which a callback that is taken would do nothing, or the contrary of what is meant.

    `others_log`: whether callbacks of the user's own may log what no table knows.
    """
    if name == "Timer" and settings.get("duration") is None:
        yield Fault(f"{path}.duration", "says after how long training ends, as in '00:00:10:00' or {minutes: 10}")
    monitor = settings.get("monitor")
    if name != "EarlyStopping" or not isinstance(monitor, str):
        return
    if monitor not in MONITORED:
        if not others_log:
            yield Fault(f"{path}.monitor", unknown_monitor(monitor, MONITORED))
        return
    mode, better = settings.get("mode", "min"), ROW[monitor].better
    if (better, mode) in ((1, "min"), (-1, "max")):
        right, how = ("max", "higher") if better == 1 else ("min", "lower")
        yield Fault(f"{path}.mode", f"{monitor} is better the {how} it is; write mode: {right}")


def unknown_monitor(name: str, known: Any) -> str:
    names = sorted(known)
    return f"no epoch has a {name!r}; there are {', '.join(names)}{did_you_mean(name, names)}"
