"""What is on disk, brought to W&B afterwards: runs that were offline or cut off, and a sweep's comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback
from run_records import begun, row
from tiny_run import CONF

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.tracking.mirror import note
from cnnlab.tracking.mirror.follower import Follower
from cnnlab.tracking.mirror.upload import Outcome as UploadOutcome

KEYS = {"model.norm": ["none", "batch"], "seed": ["0", "1"]}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Four runs that were never at W&B."""
    return write_sweep(tmp_path / "sweep", KEYS, lambda at: Outcome(acc=0.8, curve=(0.5, 0.6, 0.7)))


def run(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    """run.py, several times in one process."""
    begin = "import sys; sys.path[:] = sys.argv[1:]; from pathlib import Path; from cnnlab.cli.main import main\n"
    calls = f"for words in {list(commands)!r}: print('exit', int(main(Path({str(CONF)!r}), words)), flush=True)"
    return subprocess.run([sys.executable, "-c", begin + calls, *sys.path], capture_output=True, text=True)


def test_what_scripts_read_of_an_upload_has_the_names_that_it_had() -> None:
    ended = UploadOutcome(Path("out"), delivered=False, explanation="offline").plain()
    assert ended == {"folder": "out", "delivered": False, "said": "offline", "url": None, "unreachable": False}


@pytest.mark.slow
def test_one_broken_run_stops_no_other_from_being_uploaded(
    server: Loopback, cnnlab: Callable[..., int], sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("norm=none_seed=0", "norm=none_seed=1"):
        note.new("sweep").write(sweep / name)
    broken = sweep / "norm=none_seed=0" / "config.yaml"
    whole = broken.read_bytes()
    broken.write_bytes(b"{")
    offline = sweep / "wandb" / "offline-run-20260101_000000-abc"  # as a machine that went down leaves it
    offline.mkdir(parents=True)
    (offline / "run-abc.wandb").write_bytes(b":W&B\xbe\xe1\x00")
    assert cnnlab("task=sync", f"dir={sweep}") == 5
    said = capsys.readouterr().out
    assert "norm=none_seed=0  NOT uploaded: UserError: ckpt_path: the record in" in said
    assert said.count("  3 epochs  http://127.0.0.1") == 1
    assert said.splitlines()[-1] == "1 of 2 runs are at W&B"
    assert server.one().asked["displayName"] == "model=lenet threads=1 model.norm=none-s1"
    assert server.one().asked["groupName"] == "sweep"
    broken.write_bytes(whole)
    assert cnnlab("task=sync", f"dir={sweep}", "format=json") == 0
    told = {Path(one["folder"]).name: one["said"] for one in json.loads(capsys.readouterr().out)}
    assert told == {"norm=none_seed=0": "3 epochs", "norm=none_seed=1": "already there"}
    assert all(one.epochs == [1, 2, 3] and one.exit_code == 0 for one in server.runs.values())
    assert server.unknown == []


@pytest.mark.slow
def test_what_the_stock_command_uploaded_is_found_and_not_sent_again(
    server: Loopback, cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    record = begun(folder)
    mirror = Follower(folder, {"mode": "offline"}, [], None, lambda text: None)
    for epoch in (1, 2):
        record.epoch(row(epoch))
        mirror.epoch({})
    record.finish("ok", **{"test/acc": 0.8})
    mirror.end(0)
    (offline,) = folder.glob("wandb/offline-run-*")
    subprocess.run([sys.executable, "-m", "wandb", "sync", str(offline)], check=True, capture_output=True)
    assert server.one().epochs == [1, 2]
    assert cnnlab("task=sync", f"dir={folder}") == 0
    assert f"already there  {server.url}/tester/cnnlab/runs/{server.one().id}\n" in capsys.readouterr().out
    assert server.one().epochs == [1, 2]
    assert note.read(folder).url  # type: ignore[union-attr]
    assert server.unknown == []


def test_without_credentials_nothing_is_tried_twice(
    server: Loopback, cnnlab: Callable[..., int], sweep: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("WANDB_API_KEY")
    assert cnnlab("task=sync", f"dir={sweep}") == 2
    assert "logger=wandb uploads those that were not, too" in capsys.readouterr().err
    assert cnnlab("task=sync", f"dir={sweep}", "logger=wandb") == 2
    shown = capsys.readouterr()
    assert shown.out.count("NOT uploaded") == 1
    assert shown.err == "W&B: no credentials; `wandb login` stores some\n"
    assert cnnlab("task=sync") == 2
    assert cnnlab("task=sync", "dir=nowhere") == 2


@pytest.mark.slow
def test_what_the_server_lost_is_not_told_as_uploaded(
    server: Loopback, hurried: None, cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = write_sweep(tmp_path / "one", {"seed": ["0"]}, lambda at: Outcome(acc=0.8, curve=(0.5, 0.6)))
    received = server._stream

    def forgetful(one: Any, said: Any) -> Any:
        (said.get("files") or {}).pop("wandb-history.jsonl", None)
        return received(one, said)

    monkeypatch.setattr(server, "_stream", forgetful)
    assert cnnlab("task=sync", f"dir={folder}", "logger=wandb") == 5
    assert "NOT uploaded: it was sent, but W&B shows 0 of 2 epochs" in capsys.readouterr().out
    assert not note.read(folder / "seed=0").delivered  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_dashboard_is_one_workspace_however_often_it_is_made(
    server: Loopback, sweep: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert cnnlab("task=dashboard", f"dir={sweep}") == 2
    assert (
        f"no run of {sweep} is at W&B yet: python run.py task=sync dir={sweep} logger=wandb" in capsys.readouterr().err
    )
    made = note.new("sweep")
    made.url, made.entity, made.project = f"{server.url}/tester/mine/runs/{made.id}", "tester", "mine"
    made.write(sweep / "norm=none_seed=0")
    save = server.on_upsertView2

    def and_add(asked: dict[str, Any]) -> Any:  # what a user does in between
        found = save(asked)
        view = server.views[found["upsertView"]["view"]["id"]]
        spec = json.loads(view["spec"])
        sections = spec["section"]["panelBankConfig"]["sections"]
        if "My own" not in [one["name"] for one in sections]:
            sections.append({"name": "My own", "isOpen": True, "type": "flow", "panels": [], "sorted": 0})
        view["spec"] = json.dumps(spec)
        return found

    monkeypatch.setattr(server, "on_upsertView2", and_add)
    shown = ["task=dashboard", f"dir={sweep}"]
    done = run(shown, [*shown, "format=json"])
    assert [line for line in done.stdout.splitlines() if line.startswith("exit")] == ["exit 0"] * 2, done.stderr
    assert "the workspace was made" in done.stdout
    (again,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert again["workspace"] == f"{server.url}/tester/mine?nw=cnnlabboard"
    assert not again["new"]
    assert server.unknown == []
    (view,) = server.views.values()
    spec = json.loads(view["spec"])["section"]
    sections = {one["name"]: one["panels"] for one in spec["panelBankConfig"]["sections"]}
    assert list(sections) == ["Verdict", "Learning curves", "Cost", "Predictions", "Diagnostics", "My own"]
    assert "norm=batch" in sections["Verdict"][0]["config"]["value"]
    curve = sections["Learning curves"][0]["config"]
    assert (curve["xAxis"], curve["metrics"], curve["groupBy"]) == ("epoch", ["val/acc"], "variant.value")
    assert (curve["groupAgg"], curve["groupArea"]) == ("mean", "stddev")
    (filters,) = (one["filters"]["filters"] for one in spec["runSets"])
    assert [(one["key"]["name"], one["value"]) for one in filters] == [("group", "sweep")]
    report = server.one()
    assert {key: report.asked[key] for key in ("jobType", "groupName", "project")} == {
        "jobType": "report",
        "groupName": "sweep",
        "project": "mine",
    }
    assert len(report.rows) == 2
    assert report.rows[-1]["report/page"]["_type"] == "html-file"
    assert "norm=batch" in report.summary["verdict/text"]
    table = json.loads(report.files[report.rows[-1]["report/runs"]["path"]])
    assert len(table["data"]) == 4
