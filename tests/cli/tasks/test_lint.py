"""`task=lint`, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest


def test_the_task_tells_what_why_and_what_helps(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("task=lint") == 0
    assert capsys.readouterr().out == "lenet at 1×28×28, 10 classes, batches of 128: nothing to remark\n"
    assert cnnlab("task=lint", "model=vgg11_bn", "data.size=224") == 0
    told = capsys.readouterr().out
    assert all(len(line) <= 80 for line in told.splitlines())
    assert "2,752 biases that the norm behind them subtracts again." in told
    assert told.endswith("  Helps: model.bias=auto\n")
    assert cnnlab("task=lint", "model=vgg11_bn", "data.size=224", "format=json") == 0
    (one,) = json.loads(capsys.readouterr().out)["findings"]
    assert (one["smell"], one["figures"], one["instead"]) == (
        "bias-before-norm",
        {"parameters": 2752},
        ["model.bias=auto"],
    )
