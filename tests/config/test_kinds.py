"""Mirrors cnnlab/config/kinds.py: kinds are options of their group, and what was said of another kind goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import stderr_lines
from tiny_run import CONF, SMALL

from cnnlab.config.compose import compose
from cnnlab.config.engine import start

Run = Callable[..., int]


def optimizer(*words: str) -> dict[str, object]:
    composed = compose(start(CONF).config_loader, "config", list(words))
    assert composed.faults == []
    return composed.config["optimizer"]


def test_a_kind_without_a_file_is_an_option_that_spells_out_its_settings() -> None:
    rmsprop = {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False}
    assert optimizer("optimizer=rmsprop") == {"kind": "rmsprop", **rmsprop}
    assert optimizer("optimizer=rmsprop", "optimizer.alpha=0.9") == {"kind": "rmsprop", **rmsprop, "alpha": 0.9}


def test_where_there_is_a_file_it_counts() -> None:
    assert optimizer("optimizer=adam")["lr"] == 0.001


def test_of_another_kind_nothing_stays_that_was_said_before() -> None:
    assert optimizer("optimizer.kind=rmsprop", "optimizer.lr=0.5") == {"kind": "rmsprop", "lr": 0.5}
    assert optimizer("optimizer.lr=0.5", "optimizer.kind=rmsprop") == {"kind": "rmsprop", "lr": 0.5}
    kept = optimizer("optimizer.kind=sgd", "optimizer.lr=0.5")
    assert (kept["lr"], kept["momentum"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("optimizer=rmspropp", "optimizer: there is no optimizer 'rmspropp'; did you mean 'rmsprop'?"),
        ("optimizer.kind=rmspropp", "optimizer.kind: there is no optimizer 'rmspropp'; did you mean 'rmsprop'?"),
        ("optimizer=lbfgs", "optimizer: torch's LBFGS evaluates the loss several times a step, in a closure; cnnlab's "
                            "training computes one dense gradient a step"),
        ("scheduler=cosin", "scheduler: there is no scheduler 'cosin'; did you mean 'cosine'?"),
    ],
)  # fmt: skip
def test_what_is_no_kind_is_told(cnnlab: Run, capsys: pytest.CaptureFixture[str], word: str, told: str) -> None:
    assert cnnlab(*SMALL, word) == 2
    assert stderr_lines(capsys) == [f"command line  {told}"]


@pytest.mark.slow
def test_a_kind_can_be_swept_and_looked_at_before(
    cnnlab: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [*SMALL, "trainer.max_epochs=1", "-m", "optimizer=sgd,rmsprop", "optimizer.lr=0.01"]
    assert cnnlab(*words, "task=preflight", "format=json") == 0
    arms = json.loads(capsys.readouterr().out)["arms"]
    assert len(arms) == 2
    assert cnnlab(*words, "hydra.sweep.dir=sweep") == 0
    frozen = {file.parent.name: file.read_text() for file in (tmp_path / "sweep").glob("*/config.yaml")}
    assert sorted(frozen) == ["optimizer=rmsprop-s0", "optimizer=sgd-s0"]
    assert "kind: rmsprop" in frozen["optimizer=rmsprop-s0"]
