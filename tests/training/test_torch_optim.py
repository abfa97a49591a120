"""Records of the classes of torch.optim, made from their signatures."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from stderr_lines import stderr_lines
from tiny_run import SMALL

from cnnlab.training.optimizer import REFUSED, Optimizer
from cnnlab.training.optimizers import OPTIMIZERS
from cnnlab.training.torch_optim import IMPLEMENTATION

Run = Callable[..., int]


TORCHS = {
    name.lower(): cls
    for name, cls in vars(torch.optim).items()
    if isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer
}


def test_every_class_of_torch_optim_is_there_or_refused_with_a_reason() -> None:
    assert {*OPTIMIZERS, *REFUSED} == {*TORCHS}
    for kind, reason in REFUSED.items():
        assert OPTIMIZERS.read({"kind": kind}, "optimizer")[1][0].message == reason


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS.library))
def test_settings_are_those_of_torchs_signature(kind: str) -> None:
    record = OPTIMIZERS.library[kind]
    arguments = inspect.signature(TORCHS[kind]).parameters
    theirs = {n: p.default for n, p in arguments.items() if n not in ("params", *IMPLEMENTATION)}
    ours = {n: i.default for n, i in record.model_fields.items() if n == "lr" or n not in Optimizer.model_fields}
    assert ours == theirs
    assert all(info.description for name, info in record.model_fields.items() if name != "kind")


def test_naming_one_and_checking_it_imports_no_torch() -> None:
    code = (
        "import sys; from cnnlab.training.optimizers import OPTIMIZERS; "
        "OPTIMIZERS.read({'kind': 'rmsprop', 'alpha': 0.9}, 'optimizer'); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"alfa": 0.9}, "optimizer.alfa: rmsprop has no such setting; did you mean 'alpha'?"),
        ({"lr": 0}, "optimizer.lr: should be above 0, not 0"),
        ({"weight_decay": -1.0}, "optimizer.weight_decay: should be at least 0, not -1.0"),
        ({"centered": 1}, "optimizer.centered: should be true or false, not 1"),
        ({"foreach": True}, "optimizer.foreach: rmsprop has no such setting; there are"),
    ],
)
def test_settings_are_checked_against_it(settings: dict[str, Any], told: str) -> None:
    (fault,) = OPTIMIZERS.read({"kind": "rmsprop", **settings}, "optimizer")[1]
    assert str(fault).startswith(told)


def test_a_value_that_torch_itself_refuses_is_told_before_training(
    cnnlab: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "optimizer=rmsprop", "optimizer.alpha=-1") == 2
    assert stderr_lines(capsys) == ["command line  optimizer: rmsprop cannot be made: Invalid alpha value: -1.0"]


def test_a_record_of_torchs_is_told_and_sent_as_the_others_are() -> None:
    record = OPTIMIZERS["rmsprop"](kind="rmsprop", lr=0.5)
    assert pickle.loads(pickle.dumps(record)) == record
    assert record.model_dump()["alpha"] == 0.99
