"""Records and recipes of 0.2.0, kept for ever: a later version reads them, reports on them and uses their weights.

The run and the sweep were trained by version 0.2.0 (commit c776ad6) from the folder that held `model/` and `study/`:

    python run.py model=lenet model.body.c1.channels=4 … data.subset=1000 trainer.max_epochs=1 hydra.run.dir=run
    python run.py --config-dir . study=kept hydra.sweep.dir=sweep

Pictures, logs and the page were left out, and of the sweep the checkpoints.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import cnnlab as package

KEPT = Path(__file__).parent / "v0_2_0"
Command = Callable[..., int]


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT, tmp_path / "kept"))


SAID_OTHERWISE = {"interval", "smallest_detectable", "more_seeds", "sentence"}
"""keys of a contrast that are of the verdict's own test since 0.3.0"""


def test_a_sweep_is_reported_on_with_the_verdicts_it_had(cnnlab: Command, kept: Path) -> None:
    recorded = read(kept / "sweep" / "comparison.json")
    rows = (kept / "sweep" / "runs.csv").read_text()
    for made in ("comparison.json", "runs.csv"):
        (kept / "sweep" / made).unlink()
    assert cnnlab("task=report", f"dir={kept / 'sweep'}") == 0
    found = read(kept / "sweep" / "comparison.json")
    assert json.dumps(found["arms"]) == json.dumps(recorded["arms"])
    for now, before in zip(found["contrasts"], recorded["contrasts"], strict=True):
        same = before.keys() - SAID_OTHERWISE
        assert {key: now[key] for key in same} == {key: before[key] for key in same}
        assert now["verdict"] or now["sentence"] == before["sentence"]
    assert (kept / "sweep" / "runs.csv").read_text() == rows
    assert "batch normalisation raises the test accuracy" in (kept / "sweep" / "report.html").read_text()


def test_a_run_is_tested_again_with_the_accuracy_it_had(
    cnnlab: Command, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = read(kept / "run" / "result.json")
    assert cnnlab("task=test", f"ckpt_path={kept / 'run'}", "format=json", "threads=1") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test/acc"] == pytest.approx(result["test/acc"], abs=0.002)  # other CPUs round otherwise
    assert found["test/loss"] == pytest.approx(result["test/loss"], abs=1e-4)
    assert found["images"] == 2000


def test_a_run_is_loaded_in_python(kept: Path) -> None:
    network = package.load(kept / "run")
    assert network.classes[0] == "T-shirt/top"
    with torch.no_grad():
        logits = network(torch.arange(28 * 28).reshape(1, 1, 28, 28).remainder(256).to(torch.uint8))
    assert logits.shape == (1, 10)
    assert logits.isfinite().all()


@pytest.mark.slow
def test_a_run_is_inspected(cnnlab: Command, kept: Path, tmp_path: Path) -> None:
    assert cnnlab("task=inspect", f"ckpt_path={kept / 'run'}", f"hydra.run.dir={tmp_path / 'seen'}", "threads=1") == 0
    assert "</html>" in (tmp_path / "seen" / "inspect.html").read_text()


def test_a_run_gives_its_weights_to_another(cnnlab: Command, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["model=lenet", "model.body.c1.channels=4", "model.body.c3.channels=6", "model.head.f5.features=12"]
    assert cnnlab(*small, "model.head.f6=null", f"weights={kept / 'run'}", "task=summary") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    taken = [line[0] for line in lines if line[1:] == ["1", "of", "1"]]
    assert taken == ["body.c1", "body.c3", "head.f5", "head.out"]


@pytest.mark.parametrize("task", ["summary", "lint", "explain", "draw"])
def test_a_network_is_read(cnnlab: Command, kept: Path, task: str) -> None:
    assert cnnlab("--config-dir", str(kept), "model=kept", f"task={task}") == 0


def test_a_study_is_planned(cnnlab: Command, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("--config-dir", str(kept), "study=kept", "task=preflight") == 0
    assert "6 jobs, 6 to train" in capsys.readouterr().out
