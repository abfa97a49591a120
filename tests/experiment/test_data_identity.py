"""What a run was trained on is part of what it is: folders of images that change, move, or differ between arms."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cats_and_dogs import SMALL_RUN, printed, write_photos
from tiny_run import result

Command = Callable[..., int]


pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def train(cnnlab: Command, photos: Path) -> Command:
    return lambda *words: cnnlab(*SMALL_RUN, *words)


def test_removed_images_are_another_experiment_that_is_told_by_name(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 0
    for name in ("cat/00.png", "cat/01.png", "dog/19.png"):
        (photos / name).unlink()
    shutil.copy(photos / "cat" / "05.png", photos / "cat" / "06.png")
    capsys.readouterr()
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 2
    text = printed(capsys)
    assert "Nothing to do" not in text
    change = "3 removed (cat/00.png, cat/01.png, dog/19.png), 1 changed (cat/06.png)"
    assert f"the images of {photos} have changed since they were last read: {change}" in text
    assert re.search(
        rf"hydra.run.dir: out holds another experiment \(\w+, this one is \w+\): the images of {photos} have changed: "
        rf"{re.escape(change)}; choose another folder",
        text,
    )
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 2
    assert change in printed(capsys)  # also when they have been read since


def test_a_moved_folder_is_the_same_experiment(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 0
    photos.rename(photos.with_name("moved"))
    assert train(f"data.dir={photos.with_name('moved')}", "hydra.run.dir=out") == 0
    assert "Nothing to do" in printed(capsys)


def test_touched_images_are_the_same_experiment_and_a_changed_pixel_is_another(train: Command, photos: Path) -> None:
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 0
    file = photos / "cat" / "07.png"
    about = file.stat()
    file.touch()
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 0
    raw = bytearray(file.read_bytes())
    raw[-20] ^= 1
    file.write_bytes(raw)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (about.st_size, about.st_mtime_ns)
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 2


def test_data_json_says_what_a_run_was_given(train: Command, photos: Path) -> None:
    assert train(f"data.dir={photos}", "hydra.run.dir=out") == 0
    data = json.loads(Path("out/data.json").read_text())
    assert data["source"] == "folder"
    assert data["images"] == {"train": 28, "val": 4, "test": 8} == result(Path("out"))["images"]
    assert data["classes"] == {name: {"train": 14, "val": 2, "test": 4} for name in ("cat", "dog")}
    assert data["digest"] == result(Path("out"))["data_digest"]


def test_tasks_that_read_no_images_hash_none(
    cnnlab: Command, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nothing reads these images")

    monkeypatch.setattr("cnnlab.data.file_table._hashed", refuse)
    words = ["model=lenet", "data=folder", f"data.dir={photos}", "data.shape=[1,32,32]"]
    for task in ("summary", "draw", "lint", "explain"):
        assert cnnlab(*words, f"task={task}") == 0


# -- code


@pytest.fixture
def other_code(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make this process another revision of the code, with a digest of its own."""

    def become(digest: str) -> None:
        for module in ("experiment.adoption", "experiment.job", "sweep.plan"):
            monkeypatch.setattr(f"cnnlab.{module}.code_digest", lambda: digest)

    return become


def test_an_interrupted_run_is_gone_on_with_by_other_code_only_if_that_is_accepted(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str], other_code: Callable[[str], None]
) -> None:
    words = (f"data.dir={photos}", "hydra.run.dir=out")
    assert train(*words) == 0
    first = result(Path("out"))["code"]
    Path("out/result.json").unlink()  # as a killed run leaves it
    other_code("f" * 16)
    capsys.readouterr()
    assert train(*words) == 2
    assert f"out was begun by other code of cnnlab ({first}, this is {'f' * 16})" in (text := printed(capsys))
    assert "accept=code goes on with it all the same" in text
    assert not Path("out/result.json").exists()
    assert train(*words, "accept=code") == 0
    assert (result(Path("out"))["code"], result(Path("out"))["accepted"]) == ("f" * 16, {"code": [first]})
    other_code("e" * 16)
    assert train(*words) == 0
    assert "holds this run, finished, by other code of cnnlab than this: test accuracy" in printed(capsys)


def test_an_interrupted_run_that_is_looked_up_is_not_gone_on_with_by_other_code_either(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str], other_code: Callable[[str], None]
) -> None:
    assert train(f"data.dir={photos}") == 0
    (folder,) = Path("outputs").iterdir()
    (folder / "result.json").unlink()
    other_code("f" * 16)
    assert train(f"data.dir={photos}") == 2
    assert f"{folder.name} was begun by other code of cnnlab" in printed(capsys)
