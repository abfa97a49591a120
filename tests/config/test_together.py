"""Mirrors cnnlab/config/together.py: settings that are sound by themselves and do not go together."""

from __future__ import annotations

import pytest
from tiny_run import CONF

from cnnlab.cli.check import check
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.config.together import monitor_of
from cnnlab.experiment.facts import plain_identity


def checked(*words: str):
    return check(compose(start(CONF).config_loader, "config", list(words)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.sampler=balanced", "loss.class_weights=balanced"],
         ["loss.class_weights: rare classes would count twice, for data.sampler=balanced shows them more often "
          "already; choose one"]),
        (["loss.class_weights=[1,2,3]", "checkpoint.monitor=val/ac"],
         ["checkpoint.monitor: no epoch records 'val/ac'; did you mean 'val/acc'?; known are train/loss, train/acc, "
          "val/loss, val/acc, val/balanced_acc, val/f1, val/acc5",
          "loss.class_weights: has 3 numbers, the data have 10 classes"]),
        (["checkpoint.monitor=gap/acc", "metrics=gap"],
         ["checkpoint.monitor: gap/acc is measured once, at the end (gap), when the best epoch has been chosen"]),
        (["ema.decay=1.0"], ["ema.decay: should be below 1, not 1.0"]),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_told_all_at_once(words: list[str], said: list[str]) -> None:
    run, faults = checked(*words)
    assert run is None
    assert [str(fault).partition("command line  ")[2] for fault in faults] == said


def test_what_weighs_chooses_and_averages_is_part_of_the_identity_and_its_absence_is_not() -> None:
    plain = {}
    for word in (
        "",
        "loss.class_weights=balanced",
        "data.sampler=balanced",
        "checkpoint.monitor=val/loss",
        "ema.decay=0.9",
    ):
        run, faults = checked(*filter(None, [word]))
        assert run is not None, faults
        plain[word] = plain_identity(run, 1, "32", "cpu", None)
    usual = plain.pop("")
    assert all(other != usual for other in plain.values())
    words = str(usual)
    assert not any(name in words for name in ("class_weights", "sampler", "monitor", "ema"))
    run, _ = checked("checkpoint.monitor=val/loss", "checkpoint.every=10steps")
    assert run is not None
    assert plain_identity(run, 1, "32", "cpu", None) == plain["checkpoint.monitor=val/loss"]
    assert monitor_of(run.top).mode == "min"
