"""Sweeps that Hydra runs: a search by what validation says, and launchers that end in a comparison."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf
from stderr_lines import stderr_lines
from tiny_run import SMALL

from cnnlab.cli.hydra_search import check_direction, conclude, value_of
from cnnlab.config.top import Top
from cnnlab.errors import Exit, UserError
from cnnlab.training.settings import CheckpointSettings

ROOT = Path(__file__).parent.parent.parent
TINY = [*SMALL, "data.subset=100", "trainer.max_epochs=1"]


def run(monitor: str = "val/acc") -> Any:
    return SimpleNamespace(top=Top(checkpoint=CheckpointSettings(monitor=monitor)))


def composed(sweeper: dict[str, Any]) -> Any:
    config = OmegaConf.create({"hydra": {"sweeper": sweeper}})
    return SimpleNamespace(choices={"hydra/sweeper": "some"}, hydra_config=config)


@pytest.mark.parametrize(
    ("sweeper", "other"),
    [
        ({"direction": "maximize"}, {"direction": "minimize"}),
        ({"optim": {"maximize": True}}, {"optim": {"maximize": False}}),
        ({"ax_config": {"experiment": {"minimize": False}}}, {"ax_config": {"experiment": {"minimize": True}}}),
    ],
)
def test_a_sweeper_looks_for_the_end_that_is_better(sweeper: dict[str, Any], other: dict[str, Any]) -> None:
    check_direction(composed(sweeper), run())
    check_direction(composed(other), run("val/loss"))
    with pytest.raises(UserError, match=r"but val/acc \(checkpoint.monitor\) is better the higher it is; write hydra"):
        check_direction(composed(other), run())
    with pytest.raises(UserError, match="is better the lower it is; write hydra"):
        check_direction(composed(sweeper), run("val/loss"))


def test_a_sweeper_whose_direction_nobody_knows_and_one_of_several_goals_are_refused() -> None:
    with pytest.raises(UserError, match="whether some looks for the highest or the lowest is not known"):
        check_direction(composed({"n_trials": 3}), run())
    with pytest.raises(UserError, match="a job has one value, that of val/acc; write maximize"):
        check_direction(composed({"direction": ["maximize", "minimize"]}), run())


def record(folder: Path, number: int, status: str, value: float | None) -> Path:
    path = folder / str(number)
    path.mkdir()
    words = ["model=lenet", f"optimizer.lr=0.{number}"]
    (path / "run.json").write_text(json.dumps({"identity": str(number), "overrides": words}))
    (path / "result.json").write_text(json.dumps({"status": status, "best/monitor": value, "test/acc": 1.0}))
    return path


def test_a_job_is_worth_what_validation_says_and_one_that_did_not_end_well_the_worst(tmp_path: Path) -> None:
    assert value_of(record(tmp_path, 0, "ok", 0.25), run()) == 0.25
    diverged = record(tmp_path, 1, "diverged", 0.9)
    assert value_of(diverged, run()) == 0.0
    assert value_of(diverged, run("val/loss")) == math.inf
    assert value_of(tmp_path / "nothing", None) == 0.0


def test_a_search_ends_in_a_table_without_a_verdict(tmp_path: Path) -> None:
    for number, (status, value) in enumerate([("ok", 0.5), ("diverged", 0.1), ("ok", 0.75)]):
        record(tmp_path, number, status, value)
    said, code = conclude(tmp_path, run())
    assert said.splitlines() == [
        f"{tmp_path}: 3 runs, by the best val/acc of each (validation images)",
        "       0.7500  optimizer.lr=0.2  (2)",
        "       0.5000  optimizer.lr=0.0  (0)",
        "     diverged  optimizer.lr=0.1  (1)",
        "No verdict: a search tries each setting once. To compare some of them: -m KEY=VALUE,VALUE seed=0,1,2,3,4",
    ]
    assert code is Exit.DONE
    record(tmp_path, 3, "failed", None)
    assert conclude(tmp_path, run())[1] is Exit.SWEEP


@pytest.mark.parametrize("space", ["interval(0.01,0.3)", "tag(log,interval(0.01,0.3))"])
def test_a_range_that_nobody_searches_says_what_to_do(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], space: str
) -> None:
    assert cnnlab("-m", *TINY, f"optimizer.lr={space}") == 2
    message = f"{space} is a range to search, which hydra/sweeper=optuna or the like does; without one, write values"
    assert stderr_lines(capsys) == [f"command line  optimizer.lr: {message}: optimizer.lr=VALUE,VALUE,VALUE"]


def test_hydras_launchers_end_in_a_report(
    cnnlab: Callable[..., int], no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *TINY, "model.norm=none,batch", "seed=0,1", "hydra/launcher=basic", "hydra.sweep.dir=sweep"]
    assert cnnlab(*words) == 0
    assert Path("sweep/report.html").exists()
    assert len(json.loads(Path("sweep/comparison.json").read_text())["contrasts"]) == 1


@pytest.mark.slow
@pytest.mark.skipif("CNNLAB_OPTUNA" not in os.environ, reason="CNNLAB_OPTUNA names a Python that has the plugin")
def test_optuna_finds_the_better_of_two(tmp_path: Path) -> None:
    words = ["-m", *TINY, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "optimizer.lr=choice(0.1,1e-9)"]
    command = [os.environ["CNNLAB_OPTUNA"], str(ROOT / "run.py"), *words, "hydra.sweep.dir=sweep"]
    wrong = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "write hydra.sweeper.direction=maximize" in wrong.stderr
    ended = subprocess.run([*command, "hydra.sweeper.direction=maximize"], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "optimizer.lr=0.1 " in ended.stdout.splitlines()[-5]
    assert "No verdict" in ended.stdout
