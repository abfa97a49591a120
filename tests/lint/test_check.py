"""Overrides that may help are tried, and training opens with what was found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from designs import conv, designed
from sample_networks import model
from tiny_run import SMALL

from cnnlab.lint.check import under_override


def test_what_helps_is_tried() -> None:
    design = designed(model({"c": conv(norm="batch")}))
    assert under_override(design, "model.body.c.channels=0") is None
    assert under_override(design, "model.body.c.padding=valid").graph.layers[0].shape == (8, 26, 26)  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_line_each_is_told_when_training_starts_and_once(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        *SMALL,
        "data.subset=100",
        "trainer.max_epochs=1",
        "model.norm=batch",
        "model.bias=true",
        "hydra.run.dir=a",
    ]
    assert cnnlab(*words) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("design: ")]
    assert told == [
        "design: 22 biases that the norm behind them subtracts again (body.c1 and 1 more)",
        "design: task=lint says where, why, and what helps",
    ]
