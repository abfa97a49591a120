"""Runs in which blocks are frozen, freed again, or learn at rates of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from forked_cli import running, wait_for
from tiny_run import SMALL, result

CLI = Callable[..., int]
pytestmark = pytest.mark.usefixtures("no_pictures")
NORMED = [*SMALL, "model.norm=batch", "data.subset=100"]


def state(folder: str, name: str = "last") -> dict[str, torch.Tensor]:
    return torch.load(Path(folder) / "checkpoints" / f"{name}.ckpt", weights_only=True)["state_dict"]


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    """The blocks in which a parameter or a running statistic is not to the bit what it was."""
    return {".".join(name.split(".")[:2]) for name in after if not torch.equal(before[name], after[name])}


@pytest.mark.slow
def test_frozen_blocks_stay_to_the_bit_and_freed_ones_learn(cnnlab: CLI, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab(*NORMED, "trainer.max_epochs=1", "hydra.run.dir=start") == 0
    words = [*NORMED, "trainer.max_epochs=2", "weights=start/checkpoints/last.ckpt"]
    words += ["model.freeze={body: true, head.f5: 1}", "optimizer.lr_factors={head.f6: 0}"]
    assert cnnlab(*words, "hydra.run.dir=run") == 0
    assert not any("starts anew" in warning for warning in result(Path("run"))["warnings"])
    said = "frozen: 50,714 of 61,728 parameters; some learn again after epoch 1"
    assert said in capsys.readouterr().out
    start, middle, end = state("start"), state("run", "previous"), state("run")
    assert changed(start, middle) == {"head.out"}
    assert changed(start, end) == {"head.f5", "head.out"}
    assert changed(middle, end) == {"head.f5", "head.out"}


@pytest.mark.slow
def test_a_killed_run_that_unfreezes_by_epoch_goes_on_as_if_it_had_not_been(cnnlab: CLI) -> None:
    words = [*NORMED, "trainer.max_epochs=5", "model.freeze={body.c1: 3, body.c3: 1, head.f6: true}", "optimizer=adamw"]
    words += ["optimizer.lr_factors={body: 0.3}", "optimizer.weight_decay_factors={*.norm: 0, *.bias: 0}"]
    words += ["data.batch_size=20", "checkpoint.every=2steps"]  # so that it goes on within an epoch
    with running(*words, "hydra.run.dir=broken") as process:
        wait_for(process, Path("broken/metrics.jsonl").exists)
        process.kill()
    assert not Path("broken/result.json").exists()
    for folder in ("straight", "broken"):
        assert cnnlab(*words, f"hydra.run.dir={folder}") == 0
    assert changed(state("straight"), state("broken")) == set()
    assert result(Path("broken"))["resumed"] == 1
    assert result(Path("broken"))["test/loss"] == result(Path("straight"))["test/loss"]


@pytest.mark.slow
def test_what_is_frozen_though_it_starts_anew_is_warned_of(cnnlab: CLI) -> None:
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "hydra.run.dir=start") == 0
    words = [*SMALL, "trainer.max_epochs=1", "weights=start", "model.norm=batch", "model.freeze=body"]
    assert cnnlab(*words, "hydra.run.dir=run") == 0
    said = "frozen, though it starts anew and will not learn: body.c1.0.norm, body.c3.0.norm"
    assert said in result(Path("run"))["warnings"]


def test_names_that_no_block_has_are_told(cnnlab: CLI, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "model.freeze=[body.c1,body.c33]",
        "optimizer.lr_factors={hed: 0.1}",
        "optimizer.weight_decay_factors.boy=0",
    ]
    assert cnnlab(*SMALL, *words, "weights=nowhere") == 2
    assert capsys.readouterr().err.splitlines() == [
        "command line  model.freeze: no weights are named 'body.c33'; did you mean 'body.c3'?",
        "command line  optimizer.lr_factors: no weights are named 'hed'; did you mean 'head'?",
        "command line  optimizer.weight_decay_factors: no weights are named 'boy'; did you mean 'body'?",
        "command line  weights: there is no nowhere",
    ]
    assert cnnlab(*SMALL, "model.freeze=[body,head]") == 2
    assert "model.freeze: leaves nothing that learns in the first epoch" in capsys.readouterr().err
    assert cnnlab(*SMALL, "optimizer.lr_factors.body=-1", "optimizer.weight_decay_factors=2") == 2
    assert capsys.readouterr().err.splitlines() == [
        "command line  optimizer.lr_factors: the factor of body should be a number of at least 0, not -1",
        "command line  optimizer.weight_decay_factors: should be factors by names of blocks, {body.stage1: 0.1}, not 2",
    ]


def test_what_is_frozen_is_part_of_a_runs_identity(cnnlab: CLI, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "model.freeze=body.c1", "hydra.run.dir=run") == 0
    assert "frozen: 156 of 61,706 parameters" in capsys.readouterr().out
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "hydra.run.dir=run") == 2
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "model.freeze=[body.c1]", "hydra.run.dir=run") == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert cnnlab("task=test", "ckpt_path=run") == 0
