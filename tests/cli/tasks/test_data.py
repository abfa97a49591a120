"""task=data, on folders such as people have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from every_kind_of_file import fill, image
from PIL import Image
from tiny_run import result

RUN = ["data=folder", "data.dir=images", "data.shape=[1,24,24]", "trainer.precision=32", "threads=1"]


def noise(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        image("L", rng, 24).save(folder / f"{number}.png")


def test_every_mode_format_and_defect_is_read_or_told(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "images", 700)
    assert cnnlab(*RUN, "task=data", "format=html", "hydra.run.dir=out") == 0
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    found = json.loads((tmp_path / "out/data.json").read_text())
    left_out = {one["reason"]: one["count"] for one in found["left_out"]}
    assert (
        sum(found["images"].values()) + sum(left_out.values()) == 700 + 2 + 3 + 1 + 1
    )  # files, copies, beside, link, folder
    assert {".txt", ".md", ".heic", "broken link", "empty folder", "is empty", "is cut off"} <= set(left_out)
    odd = {one["kind"]: one["count"] for one in found["odd"]}
    assert {"transparency", "several_pictures", "sixteen_bits", "equal_images"} <= set(odd)
    assert max(len(line) for line in shown.out.splitlines() if str(tmp_path) not in line) <= 80
    assert "<h2>Samples</h2>" in (tmp_path / "out/data.html").read_text()
    with Image.open(tmp_path / "out/samples.png") as picture:
        assert picture.size[0] > 500


def test_json_says_the_shares_of_classes(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(tmp_path / "images/cat", 30, 0)
    noise(tmp_path / "images/dog", 10, 1)
    assert cnnlab(*RUN, "task=data", "format=json", "hydra.run.dir=out") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == {"cat": {"train": 22, "val": 2, "test": 6}, "dog": {"train": 7, "val": 1, "test": 2}}
    assert found["majority"] == {"class": "cat", "test_share": 0.75}
    assert found["odd"] == found["left_out"] == []


@pytest.mark.usefixtures("no_pictures")
def test_a_run_names_its_classes_and_keeps_what_weakens_it(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(tmp_path / "images/Training/cat", 30, 0)
    noise(tmp_path / "images/Training/dog", 30, 1)
    noise(tmp_path / "images/Testing/cat", 5, 0)
    noise(tmp_path / "images/Testing/dog", 5, 2)
    (tmp_path / "images/Training/cat/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert cnnlab(*RUN, "trainer.max_epochs=1", "debug=smoke", "hydra.run.dir=out") == 0
    said = capsys.readouterr().out
    assert "2 classes: cat, dog" in said
    assert "Training is the train part, Testing is the test part" in said
    assert result(tmp_path / "out")["warnings"][:2] == [
        "left out 1 file: 1 no image of a known format (Training/cat/broken.jpg)",
        "5 of 10 test images are among the training images too, pixel by pixel",
    ]
