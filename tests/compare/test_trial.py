"""What a run's folder says where its files were cut or edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnnlab.benchmarks.simulated import Outcome, write_sweep
from cnnlab.compare.trial import Record, read_record


def record(folder: Path, file: str = "run.json", *lines: str, **result: Any) -> Record:
    """A run of three epochs, after its `file` was given other lines and its result other values."""
    write_sweep(folder, {"seed": ["0"]}, lambda _: Outcome(acc=0.8, curve=(0.5, 0.6, 0.7), extra=result))
    if lines:
        (folder / "seed=0" / file).write_text("\n".join(lines))
    return read_record(folder / "seed=0")


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


@pytest.mark.parametrize(
    ("file", "content", "status"),
    [("result.json", "{", "damaged"), ("result.json", '{"status": "fine"}', "damaged"), ("run.json", "{", "ok")],
)
def test_an_end_that_cannot_be_read_is_damaged(tmp_path: Path, file: str, content: str, status: str) -> None:
    assert record(tmp_path, file, content).status == status
