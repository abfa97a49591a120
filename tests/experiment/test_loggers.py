"""Runs and sweeps with loggers, from the command line: W&B's on the loopback, and TensorBoard's files."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from loopback import Loopback
from tiny_run import CONF, SMALL, result

from cnnlab.tracking import boards, loggers

QUICK = [*SMALL, "data.subset=100", "data.val_fraction=0.01"]
RUN = str(CONF.parent / "run.py")


@pytest.mark.slow
def test_every_job_of_a_sweep_is_a_run_of_its_own_and_the_sweep_says_where(
    server: Loopback, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *QUICK, "model.norm=none,batch", "hydra.sweep.dir=out/norms", "logger=[wandb,tensorboard]"]
    assert cnnlab(*words, "logger.wandb.project=mine", "tags=[x]") == 0
    assert f"W&B: 2 of 2 runs at {server.url}/tester/mine\n" in capsys.readouterr().out
    assert len(server.runs) == 2
    assert server.unknown == []
    folders = {json.loads((file.parent / "wandb.json").read_text())["id"]: file.parent
               for file in Path("out/norms").glob("*/result.json")}  # fmt: skip
    for name, run in server.runs.items():
        found = result(folders[name])
        assert run.asked["displayName"].endswith(f"{found['variant']}-s0"[-127:])
        assert run.asked["groupName"] == "norms"
        assert run.project == "mine"
        assert run.exit_code == 0
        assert run.values["variant"] == found["variant"]
        assert run.summary["test/acc"] == found["test/acc"]
        assert run.summary["seconds"] == found["seconds"]
        rows = [json.loads(line) for line in (folders[name] / "metrics.jsonl").read_text().splitlines()]
        assert [row["val/acc"] for row in run.rows[: len(rows)]] == [row["val/acc"] for row in rows]
        assert run.summary["test/worst"]["nrows"] == 64
        assert list((folders[name] / boards.FOLDER).glob("events.out.tfevents.*"))
    assert len({result(folder)["identity"] for folder in folders.values()}) == 2
    assert (Path("out/norms") / "wandb").is_dir()


@pytest.mark.slow
def test_without_a_key_a_terminal_is_asked_nothing_and_the_run_is_the_same_as_without_a_logger(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, cnnlab: Callable[..., int], tmp_path: Path
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    assert cnnlab(*QUICK, "hydra.run.dir=plain") == 0
    assert "wandb" not in sys.modules
    code, said = in_a_terminal([sys.executable, RUN, *QUICK, "logger=wandb", "hydra.run.dir=shown"])
    assert code == 0
    assert b"W&B: offline: no credentials; `wandb login` stores some. To upload it later: python run.py" in said
    plain, shown = result(tmp_path / "plain"), result(tmp_path / "shown")
    for key in ("status", "identity", "variant", "test/acc", "test/loss"):
        assert plain[key] == shown[key], key
    assert list(Path("shown/wandb").glob("offline-run-*"))
    assert not Path("plain/tested.json").exists()
    assert server.runs == {}


def in_a_terminal(command: list[str]) -> tuple[int, bytes]:
    """Run it on a terminal at which nobody types: the exit code, and what was shown."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                parts.append(os.read(ours, 4096))
            except OSError:  # Linux's way of saying that the terminal's other end is closed
                break
    os.close(ours)
    return process.returncode, b"".join(parts)


@pytest.mark.slow
def test_a_search_by_w_and_b_runs_what_the_shipped_file_says(server: Loopback, tmp_path: Path) -> None:
    said = yaml.safe_load((CONF.parent / "docs" / "wandb_sweep.yaml").read_text())
    said["parameters"] = {"model": {"values": ["lenet"]}, "optimizer.lr": {"values": [0.05]}}
    said["program"] = RUN
    said["command"] += [word for word in QUICK if not word.startswith("model=")]
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(said))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # the agent starts a `python` of it
    for words in (["sweep", "sweep.yaml"], ["agent", "tester/cnnlab/sweep001"]):
        command = [sys.executable, "-m", "wandb", *words]
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    run = server.one()
    assert run.asked["sweep"] == "sweep001"
    assert (run.values["lr"], run.values["optimizer.lr"]) == (0.05, 0.05)
    assert run.values["cfg"]["model"]["body"]["c1"]["block"] == "conv"
    assert all("best/val_acc" in row for row in run.rows[:2])
    assert (run.epochs, run.exit_code) == ([1, 2], 0)
    assert server.unknown == []


def test_an_extra_that_is_not_installed_is_told_before_anything_is_trained(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    monkeypatch.setattr("cnnlab.program.installed", lambda: True)  # and not called from its source
    assert cnnlab(*QUICK, "logger=tensorboard") == 2
    said = capsys.readouterr().err
    assert "logger.tensorboard: needs a package that is not installed: pip install 'cnnlab[tensorboard]'" in said
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("logger=wndb", "there is no logger 'wndb'; did you mean 'wandb'?"),
        ("logger=null", "there is no logger null; did you mean 'none'?"),
        ("logger.wandb.projct=x", "logger.wandb.projct: wandb has no such setting; did you mean 'project'?"),
        ("logger.neptune.x=1", "logger.neptune: logger has no such setting; there are wandb, tensorboard"),
        ("logger.wandb.mode=ofline", "should be one of auto, online, offline, not 'ofline'; did you mean 'offline'?"),
    ],
)
def test_what_is_wrong_with_a_logger_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], word: str, message: str
) -> None:
    assert cnnlab(*QUICK, word) == 2
    assert message in capsys.readouterr().err
