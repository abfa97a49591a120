"""Mirrors cnnlab/experiment/fitting.py: what early stopping goes by where it names nothing."""

from __future__ import annotations

import pytest
from pytorch_lightning.callbacks import EarlyStopping

from cnnlab.errors import UserError
from cnnlab.experiment.fitting import callbacks
from cnnlab.metrics.monitor import Monitor

STOPS = {"_target_": "pytorch_lightning.callbacks.EarlyStopping", "monitor": None}


@pytest.mark.parametrize("monitor", [Monitor("val/loss", -1), Monitor("val/f1", 1)])
def test_early_stopping_goes_by_the_best_checkpoints_monitor_unless_it_names_another(monitor: Monitor) -> None:
    (made,) = callbacks({"stop": STOPS}, monitor)
    assert isinstance(made, EarlyStopping)
    assert (made.monitor, made.mode) == (monitor.key, monitor.mode)
    (own,) = callbacks({"stop": {**STOPS, "monitor": "val/acc", "mode": "max"}}, monitor)
    assert isinstance(own, EarlyStopping)
    assert (own.monitor, own.mode) == ("val/acc", "max")


def test_a_direction_that_the_monitor_has_not_is_refused() -> None:
    with pytest.raises(UserError, match=r"^callbacks.stop.mode: checkpoint.monitor=val/loss is followed"):
        callbacks({"stop": {**STOPS, "mode": "max"}}, Monitor("val/loss", -1))
