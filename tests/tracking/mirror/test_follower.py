"""Runs mirrored while they are written, by real processes, at a server on the loopback."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback
from run_records import begun, looked_at, row

from cnnlab.tracking.loggers import Wandb
from cnnlab.tracking.mirror import follower, process
from cnnlab.tracking.mirror.follower import Follower
from cnnlab.tracking.mirror.upload import upload

SETTINGS = Wandb().plain()


def eventually(condition: Callable[[], Any], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def inspect(folder: Path) -> dict[str, Any]:
    """What W&B's own reader finds in an offline run."""
    (run,) = folder.glob("wandb/offline-run-*")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(run)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_a_run_is_mirrored_whole_and_nothing_private_is_told(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    home, said = Path(os.environ["HOME"]), []
    (home / "mine" / "outputs").mkdir(parents=True)
    for name in ("block.py", "notes.txt", "outputs/old.py", ".hidden.py"):
        (home / "mine" / name).write_text(f"# {name}")
    monkeypatch.chdir(home / "mine")
    folder = home / "sweep" / "a"
    record = begun(folder, data=str(home / "images"))
    mirror = Follower(folder, {**SETTINGS, "artifact": True, "code": True}, ["mine"], "sweep", said.append)
    for epoch in (1, 2, 3):
        record.epoch(row(epoch))
        mirror.epoch({})
    looked_at(folder)
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "best.ckpt").write_bytes(b"weights")
    record.warn(f"something in {home}")
    record.finish("ok", **{"test/acc": 0.8})
    mirror.end(0)
    run = server.one()
    assert said == [f"W&B: {server.url}/tester/cnnlab/runs/{run.id}"]
    assert server.unknown == []
    asked = {key: run.asked[key] for key in ("displayName", "groupName", "jobType", "tags")}
    assert asked == {
        "displayName": "model=lenet model.norm=batch-s3",
        "groupName": "sweep",
        "jobType": "train",
        "tags": ["mine", "lenet", "~/images"],
    }
    flat = {key: run.values[key] for key in ("variant", "model", "seed", "params", "macs", "lr", "batch_size", "sweep")}
    assert flat == {
        **{"variant": "model=lenet model.norm=batch", "model": "lenet", "seed": 3, "params": 61706, "macs": 416520},
        **{"lr": 0.1, "batch_size": 32, "sweep": "sweep"},
    }
    assert run.values["cfg"]["optimizer"] == {"kind": "sgd", "lr": 0.1}
    assert [(one["epoch"], one["best/val_acc"]) for one in run.rows[:3]] == [(1, 0.7), (2, 0.7), (3, 0.7)]
    assert {"x": run.summary["test/acc"], "s": run.summary["status"]} == {"x": 0.8, "s": "ok"}
    assert run.summary["warnings"] == "something in ~"
    for table in ("test/confusion_table", "test/per_class_table", "test/worst"):
        assert run.summary[table]["_type"] == "table-file"
    assert run.exit_code == 0
    (model,) = [one for one in run.artifacts if one["artifactTypeName"] == "model"]
    assert {one["alias"] for one in model["aliases"]} == {"best", "latest"}
    assert run.files["artifacts/best.ckpt"] == b"weights"
    assert [name for name in run.files if name.endswith((".py", ".txt"))] == ["artifacts/block.py"]
    sent = b"\n".join(server.bodies)
    names = (f'"{name}"' for name in (socket.gethostname(), getpass.getuser()))
    for secret in (*names, str(home), sys.prefix, str(Path.cwd())):
        assert secret.encode() not in sent, secret
    assert json.loads((folder / "wandb.json").read_text())["delivered"]


@pytest.mark.slow
def test_a_killed_trainer_is_told_as_failed_and_its_run_goes_on_with_each_epoch_once(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANDB__STATS_SAMPLING_INTERVAL", "0.5")
    folder = tmp_path / "run"
    trainer = (
        "import sys; from pathlib import Path; from run_records import begun, row\n"
        "from cnnlab.tracking.mirror.follower import Follower\n"
        "folder = Path(sys.argv[1]); record = begun(folder)\n"
        "mirror = Follower(folder, {}, [], None, lambda text: print(text, flush=True))\n"
        "for epoch in (1, 2, 3):\n    record.epoch(row(epoch)); mirror.epoch({})\n"
        "sys.stdin.read()\n"
    )
    begin = f"import sys; sys.path[:] = {sys.path!r}\n{trainer}"
    with subprocess.Popen([sys.executable, "-c", begin, folder], stdin=subprocess.PIPE) as killed:
        assert eventually(lambda: server.runs and server.one().epochs == [1, 2, 3])
        killed.send_signal(signal.SIGKILL)
    assert eventually(lambda: server.one().exit_code == 137)
    assert any("system.proc.memory.rssMB" in line for line in server.one().lines["wandb-events.jsonl"].values())
    said: list[str] = []
    record = begun(folder)
    record.rewind(2)  # the checkpoint's epoch: the third is done again
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    for epoch in (3, 4):
        record.epoch(row(epoch))
        mirror.epoch({})
    record.finish("interrupted")
    mirror.end(143)
    assert said == [f"W&B: {server.url}/tester/cnnlab/runs/{server.one().id}"]
    assert server.one().epochs == [1, 2, 3, 4]
    assert server.one().exit_code == 143
    assert server.unknown == []


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        pytest.param("nothing listens", "", marks=pytest.mark.slow),
        ("no key", "no credentials; `wandb login` stores some"),
        pytest.param("rejected", "Failed to authenticate with http", marks=pytest.mark.slow),
        pytest.param(
            "may not write", "Error: Error initializing run: input: permission denied", marks=pytest.mark.slow
        ),
    ],
)
def test_whatever_is_wrong_with_the_credentials_or_the_network_a_run_is_kept_offline_and_says_so(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trouble: str, why: str
) -> None:
    match trouble:
        case "nothing listens":
            monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
        case "no key":
            monkeypatch.delenv("WANDB_API_KEY")
        case "rejected":
            monkeypatch.setattr(server, "on_viewer", lambda _: {"viewer": None})
        case "may not write":
            server.refuses = lambda operation: "permission denied" if operation == "UpsertBucket" else None
    folder, said = tmp_path / "run", []
    record = begun(folder)
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    record.epoch(row(1))
    mirror.epoch({})
    record.finish("diverged")
    mirror.end(3)
    (line,) = said
    assert line.startswith(f"W&B: offline: {why}"), line
    assert line.endswith(f"To upload it later: python run.py task=sync dir={folder}")
    assert server.runs == {} or server.one().epochs == []
    kept = inspect(folder)
    assert (kept["exit_code"], kept["summary"]["status"], kept["config"]["model"]) == (3, "diverged", "lenet")


@pytest.mark.slow
def test_a_server_that_goes_away_costs_a_bounded_end_and_loses_no_row(
    server: Loopback, hurried: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, said = tmp_path / "run", []
    record = begun(folder)
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    record.epoch(row(1))
    mirror.epoch({})
    assert eventually(lambda: server.runs and server.one().epochs == [1])
    server.stop()
    for epoch in (2, 3, 4):
        record.epoch(row(epoch))
        mirror.epoch({})
    record.finish("ok", **{"test/acc": 0.9})
    mirror.end(0)
    assert said[-1].startswith("W&B: the server has not taken all of it within 2 s. To upload it later: ")
    with Loopback() as back:
        back.runs = server.runs
        monkeypatch.setenv("WANDB_BASE_URL", back.url)
        found = upload(folder, None)
        assert (found.delivered, found.explanation) == (True, "4 epochs")
        assert back.one().epochs == [1, 2, 3, 4]
        assert back.one().exit_code == 0
        assert upload(folder, None).explanation == "already there"
        assert back.unknown == []


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_not_waited_for(server: Loopback, hurried: None, tmp_path: Path) -> None:
    server.silent.set()
    folder, said = tmp_path / "run", []
    record = begun(folder, epochs=2)
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    record.finish("ok", **{"test/acc": 0.9})
    mirror.end(0)
    server.silent.clear()
    (only,) = said  # and not that it did not end in time
    assert only.startswith("W&B: offline: ")
    assert inspect(folder)["exit_code"] == 0


def test_a_mirror_that_cannot_even_start_costs_nothing_but_a_line(
    no_account: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(follower, "command", lambda: [sys.executable, "-c", "raise SystemExit('no W&B here')"])
    folder, said = tmp_path / "run", []
    record = begun(folder, epochs=1)
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    record.finish("ok")
    mirror.epoch({})
    mirror.end(0)
    assert "its process ended too soon" in said[0]
    assert "no W&B here" in (folder / "wandb.log").read_text()


def test_w_and_b_told_to_be_off_is_left_alone(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    folder, said = tmp_path / "run", []
    record = begun(folder, epochs=1)
    mirror = Follower(folder, SETTINGS, [], None, said.append)
    record.finish("ok")
    mirror.end(0)
    assert said == ["W&B: W&B is switched off (WANDB_MODE, or `wandb disabled`)"]
    assert server.runs == {}
    assert process.environment()["WANDB_ERROR_REPORTING"] == "false"
