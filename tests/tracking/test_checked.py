"""What a run's folder says where its files were cut or edited."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from run_records import begun

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.tracking.checked import CheckedRun, checked_run
from cnnlab.tracking.durable import write_json
from cnnlab.tracking.lock import Lock
from cnnlab.tracking.record import settle


def record(folder: Path, file: str = "run.json", *lines: str, **result: Any) -> CheckedRun:
    """A run of three epochs, after its `file` was given other lines and its result other values."""
    write_sweep(folder, {"seed": ["0"]}, lambda _: Outcome(acc=0.8, curve=(0.5, 0.6, 0.7), extra=result))
    if lines:
        (folder / "seed=0" / file).write_text("\n".join(lines))
    return checked_run(folder / "seed=0")


ROWS = [json.dumps({"epoch": epoch, "val/acc": 0.7}) for epoch in (1, 2, 3)]


def test_a_sound_record_has_no_problems(tmp_path: Path) -> None:
    found = record(tmp_path)
    assert (found.status, len(found.rows), found.problems) == ("ok", 3, ())


def test_a_last_line_without_its_end_was_never_finished(tmp_path: Path) -> None:
    found = record(tmp_path, "metrics.jsonl", *ROWS)
    assert (len(found.rows), found.problems) == (2, ())


def test_rows_before_the_first_broken_one_are_read(tmp_path: Path) -> None:
    found = record(tmp_path, "metrics.jsonl", ROWS[0], "{", ROWS[2], "")
    assert (len(found.rows), found.problems) == (1, ("metrics.jsonl: line 2 is broken; the 1 before it are read",))


@pytest.mark.parametrize("acc", [1.01, -0.1, "high", True])
def test_what_is_no_accuracy_is_not_used(tmp_path: Path, acc: Any) -> None:
    found = record(tmp_path, **{"test/acc": acc})
    assert "test/acc" not in found.result
    assert found.problems == (f"result.json: test/acc is {json.dumps(acc)}, which is no accuracy; not used",)


def test_a_best_accuracy_that_no_epoch_had_was_edited(tmp_path: Path) -> None:
    found = record(tmp_path, **{"best/val_acc": 0.9})
    assert found.problems == ("result.json: best/val_acc is 0.9, but metrics.jsonl has 0.7; one was edited",)


def test_a_result_that_was_changed_after_its_run_is_not_used(tmp_path: Path) -> None:
    write_sweep(tmp_path, {"seed": ["0"]}, lambda _: Outcome(acc=0.8, curve=(0.5, 0.6, 0.7)))
    folder = tmp_path / "seed=0"
    settle(folder, "ok", {"test/acc": 0.8})
    assert (checked_run(folder).status, checked_run(folder).problems) == ("ok", ())
    file = folder / "result.json"
    file.write_text(file.read_text().replace("0.8", "0.99"))
    found = checked_run(folder)
    assert (found.status, found.result) == ("damaged", {})
    assert "its checksum does not hold" in found.problems[0]


def test_equal_runs_have_equal_checksums_and_a_changed_time_shows_all_the_same(tmp_path: Path) -> None:
    ends = [
        begun(tmp_path / name, 2, name=name, overrides=[f"hydra.run.dir={name}"]).finish("ok", **{"test/acc": acc})
        for name, acc in (("a", 0.8), ("b", 0.8), ("c", 0.9))
    ]
    first, same, other = ends
    assert first["checksum"] == same["checksum"] != other["checksum"]
    assert first["times_checksum"] != same["times_checksum"]
    for key, value in (("seconds", 1e-6), ("params", 3), ("tags", ["x"])):
        write_json(tmp_path / "a/result.json", {**first, key: value})
        assert checked_run(tmp_path / "a").status == "damaged", key


def test_a_run_whose_process_is_gone_is_not_running(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with Lock(folder):
        (folder / "run.json").write_text("{}")
        assert checked_run(folder).status == "running"
        held = (folder / "run.lock").read_bytes()
    assert checked_run(folder).status == "interrupted"  # given up
    ended = subprocess.Popen(["true"])
    ended.wait()
    for holder, status in (
        (held, "running"),  # this process, were it not known here to have given it up
        (f"pid {ended.pid} on {socket.gethostname()}".encode(), "interrupted"),
        (f"pid {ended.pid} on elsewhere".encode(), "running"),
    ):
        (folder / "run.lock").write_bytes(holder)
        assert checked_run(folder).status == status
    (folder / "run.lock").unlink()
    assert checked_run(folder).status == "running"  # a copy of who knows what


@pytest.mark.parametrize(
    ("file", "content", "status"),
    [("result.json", "{", "damaged"), ("result.json", '{"status": "fine"}', "damaged"), ("run.json", "{", "ok")],
)
def test_an_end_that_cannot_be_read_is_damaged(tmp_path: Path, file: str, content: str, status: str) -> None:
    assert record(tmp_path, file, content).status == status
