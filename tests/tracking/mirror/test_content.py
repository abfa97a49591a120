"""What W&B is given, made from a record."""

from __future__ import annotations

import base64
import io
import math
import os
from pathlib import Path

import pytest
from PIL import Image
from run_records import begun

from cnnlab.tracking.mirror import content, note
from cnnlab.tracking.reader import read_run


def test_a_loss_that_was_not_finite_is_told_as_it_was(tmp_path: Path) -> None:
    record = begun(tmp_path)
    record.epoch({"epoch": 1, "train/loss": math.nan, "val/acc": 0.5, "lr": None})
    (row,) = content.history(read_run(tmp_path).rows)
    assert math.isnan(row.pop("train/loss"))
    assert row == {"epoch": 1, "val/acc": 0.5, "best/val_acc": 0.5}


def test_where_the_users_files_lie_is_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    record = begun(tmp_path, overrides=["name=/home/somebody/x"], variant="data.dir=/home/somebody/images")
    record.finish("failed", error="no file /home/somebody/images/a.png")
    run = read_run(tmp_path)
    assert content.config(run, None)["variant"] == "data.dir=~/images"
    assert content.name(run.facts) == "data.dir=~/images-s3"
    assert content.summary(run.result or {})["error"] == "no file ~/images/a.png"
    everything = str([content.config(run, None), content.summary(run.result or {}), content.tags(run.facts, [])])
    assert "somebody" not in everything


def test_a_long_name_keeps_its_end_with_the_seed() -> None:
    name = content.name({"variant": "model=resnet18 " * 20 + "model.norm=none", "seed": 12})
    assert len(name) == 128
    assert name.startswith("…")
    assert name.endswith(" model.norm=none-s12")


def test_a_sweep_says_how_many_of_its_runs_are_where(tmp_path: Path) -> None:
    for number, (url, offline) in enumerate([("https://x/t/p/runs/1", None), (None, "no credentials"), (None, None)]):
        (tmp_path / str(number)).mkdir()
        made = note.new("sweep")
        made.url, made.offline, made.delivered = url, offline, url is not None
        made.write(tmp_path / str(number))
    said = note.whereabouts(Path("my sweep"), [tmp_path / str(number) for number in range(4)])
    assert said == (
        "W&B: 1 of 3 runs at https://x/t/p\n"
        "W&B: 2 runs are not uploaded (no credentials): python run.py task=sync 'dir=my sweep'"
    )


def test_records_of_strangers_are_looked_through_before_they_are_read(tmp_path: Path) -> None:
    for spoilt in ("[" * 100_000, "{", "[]", '{"id": 3, "more": 1}'):
        (tmp_path / note.FILE).write_text(spoilt)
        assert note.read(tmp_path) is None
    (tmp_path / "tested.json").write_text('{"classes": ' + "[" * 100_000)
    assert content.tested(tmp_path) is None
    (tmp_path / "tested.json").unlink()
    os.mkfifo(tmp_path / "tested.json")
    assert content.tested(tmp_path) is None


def test_a_picture_is_a_small_png() -> None:
    def encoded(size: tuple[int, int], kind: str) -> str:
        file = io.BytesIO()
        Image.new("1", size).save(file, kind)
        return base64.b64encode(file.getvalue()).decode()

    assert content.picture(encoded((28, 28), "PNG")).size == (28, 28)
    with pytest.raises(ValueError, match="a picture of 5000×10 pixels"):
        content.picture(encoded((5_000, 10), "PNG"))
    with pytest.raises(OSError, match="cannot identify"):
        content.picture(encoded((28, 28), "TIFF"))
