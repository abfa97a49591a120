"""Trackers in processes of their own: what arrives there, and that whatever goes wrong stays there."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import pytest
from tiny_run import CONF, SMALL

from cnnlab.tracking.trackers.follower import TrackerFollower
from cnnlab.tracking.trackers.process import follow
from cnnlab.tracking.trackers.targets import TARGETS

RUN = [sys.executable, str(CONF.parent / "run.py"), *SMALL, "data.subset=100"]


class Orders(list):
    """Lines of the input."""

    def readline(self) -> str:
        return self.pop(0)


class Kept:
    """A tracker that keeps what it is told."""

    told: ClassVar[list[tuple]] = []

    def __init__(self, settings: dict):
        self.settings = settings

    def open(self, name: str, config: dict, known: str | None) -> str:
        self.told.append(("open", known, config["model"]))
        return known or "first"

    def log(self, numbers: dict, epoch: int) -> None:
        self.told.append(("log", epoch, numbers["val/acc"]))

    def end(self, numbers: dict, epoch: int, well: bool) -> None:
        self.told.append(("end", numbers.get("test/acc"), well))


def test_rows_are_sent_once_also_of_a_run_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "kept", Kept)
    Kept.told = []
    (tmp_path / "run.json").write_text(json.dumps({"model": "lenet", "seed": 0}))
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    order = json.dumps({"tracker": "kept", "folder": str(tmp_path), "settings": {}}) + "\n"
    rows = [json.dumps({"epoch": epoch, "val/acc": epoch / 10}) + "\n" for epoch in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(rows[:2]))
    follow(Orders([order, "epoch\n"]))  # type: ignore[arg-type]
    (tmp_path / "metrics.jsonl").write_text("".join(rows))
    follow(Orders([order, "epoch\n", "end 0\n"]))  # type: ignore[arg-type]
    sent = [entry[1] for entry in Kept.told if entry[0] == "log"]
    assert sent == [1, 2, 3]
    assert [entry for entry in Kept.told if entry[0] == "open"] == [("open", None, "lenet"), ("open", "first", "lenet")]
    assert Kept.told[-1][2] is True


def test_a_tracker_that_cannot_start_is_said_and_the_run_goes_on(tmp_path: Path) -> None:
    if find_spec("mlflow"):
        pytest.skip("mlflow is installed")
    said: list[str] = []
    follower = TrackerFollower("mlflow", tmp_path, {"uri": None, "experiment": "x"}, said.append)
    follower.epoch({"epoch": 1})
    follower.end(0)
    assert said == [f"mlflow: not everything has arrived; {tmp_path / 'mlflow.log'} says why"]


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("mlflow"), reason="the extra mlflow is not installed")
def test_mlflow_has_the_epochs_and_the_test(tmp_path: Path) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": str(tmp_path / "ml"), "MLFLOW_ALLOW_FILE_STORE": "true"}
    subprocess.run([*RUN, "logger=mlflow", "hydra.run.dir=out"], cwd=tmp_path, env=environment, check=True)
    result = json.loads((tmp_path / "out/result.json").read_text())
    (file,) = (tmp_path / "ml").glob("*/*/metrics/test/acc")
    assert float(file.read_text().split()[1]) == result["test/acc"]
    (file,) = (tmp_path / "ml").glob("*/*/metrics/val/acc")
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("trackio"), reason="the extra trackio is not installed")
def test_trackio_has_the_epochs_and_the_test(tmp_path: Path) -> None:
    environment = {**os.environ, "TRACKIO_DIR": str(tmp_path / "store")}
    subprocess.run([*RUN, "logger=trackio", "hydra.run.dir=out"], cwd=tmp_path, env=environment, check=True)
    with sqlite3.connect(tmp_path / "store" / "cnnlab.db") as store:
        rows = [json.loads(row[0]) for row in store.execute("select metrics from metrics order by step, id")]
    assert sum("val/acc" in row for row in rows) == 2
    assert rows[-1]["test/acc"] == json.loads((tmp_path / "out/result.json").read_text())["test/acc"]
