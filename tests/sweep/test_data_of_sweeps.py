"""Sweeps over folders of images that change, move, or differ between arms, and sweeps of different code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cats_and_dogs import SMALL_RUN, printed, write_photos
from PIL import Image
from tiny_run import result

from cnnlab.comparison import report
from cnnlab.experiment.code_digest import code_digest
from cnnlab.sweep.engine import SweepEngine
from cnnlab.tracking.reader import checksums

Command = Callable[..., int]


pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def train(cnnlab: Command, photos: Path) -> Command:
    return lambda *words: cnnlab(*SMALL_RUN, *words)


def sweep_json(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "sweep.json").read_text())


def only_sweep() -> Path:
    (folder,) = Path("outputs").iterdir()
    return folder


def test_a_sweep_of_a_moved_folder_is_the_same_and_of_a_changed_one_another(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train("-m", f"data.dir={photos}", "seed=0,1", "jobs=1") == 0
    folder = only_sweep()
    before = {file: file.stat().st_mtime_ns for file in folder.glob("*/result.json")}
    assert len(before) == 2
    moved = photos.with_name("moved")
    photos.rename(moved)
    assert train("-m", f"data.dir={moved}", "seed=0,1", "jobs=1") == 0
    assert only_sweep() == folder
    assert {file: file.stat().st_mtime_ns for file in folder.glob("*/result.json")} == before
    (moved / "dog" / "00.png").unlink()
    capsys.readouterr()
    assert train("-m", f"data.dir={moved}", "seed=0,2", "jobs=1") == 0
    assert f"the images of {moved} have changed since they were last read: 1 removed (dog/00.png)" in printed(capsys)
    assert len(list(Path("outputs").iterdir())) == 2


def test_a_sweeps_folder_named_for_other_images_is_refused_by_name(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("-m", f"data.dir={photos}", "jobs=1", "hydra.sweep.dir=out")
    assert train(*words, "seed=0") == 0
    (photos / "dog" / "00.png").unlink()
    assert train(*words, "seed=0,1") == 2
    message = f"out holds this sweep on other images: the images of {photos} have changed: 1 removed (dog/00.png)"
    assert message in (text := printed(capsys)), text[-600:]


def test_a_job_refuses_images_that_changed_after_the_sweep_was_planned(
    train: Command, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = SweepEngine.run

    def change_and_run(engine: SweepEngine, pool: Any) -> Any:
        (photos / "dog" / "00.png").unlink()
        return run(engine, pool)

    monkeypatch.setattr(SweepEngine, "run", change_and_run)
    assert train("-m", f"data.dir={photos}", "seed=0,1", "jobs=1", "hydra.sweep.dir=out") == 5
    for seed in (0, 1):
        assert result(Path("out") / f"s{seed}")["error"] == (
            f"data.dir: the images of {photos} have changed: 1 removed (dog/00.png) since this run was planned; "
            "give the command again"
        )


def test_arms_trained_on_different_images_are_not_compared(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, arm in enumerate(("none", "batch", "layer")):
        words = (f"model.norm={arm}", "seed=0,1", "jobs=1", f"hydra.sweep.dir=out{number}")
        if arm == "layer":
            for name in ("cat", "dog"):
                for file in sorted((photos / name).iterdir())[:10]:
                    file.unlink()
        assert train("-m", f"data.dir={photos}", *words) == 0
    counts = [result(Path(f"out{number}") / "s0")["test/images"] for number in range(3)]
    assert counts == [8, 8, 4]
    capsys.readouterr()
    assert [verdict.numbers.refused for verdict in report(["out0", "out1"]).judged] == [None]
    refused = [verdict.numbers.refused or "" for verdict in report(["out0", "out1", "out2"]).judged]
    assert refused.count("") == len(refused) - 1
    (reason,) = filter(None, refused)
    assert re.search(r'unequal terms: data.digest is "\w+" in out2/s0 and "\w+" in out\d/s0', reason)
    assert re.search(r"images.test is 4 in out2/s0 and 8 in out\d/s0", reason)
    assert "the runs were tested on different numbers of images: 4, 8" in report(["out0", "out2"]).remarks


def test_folders_of_images_that_a_sweep_varies_are_compared(train: Command, photos: Path) -> None:
    other = Path(shutil.copytree(photos, photos.with_name("others")))
    Image.new("L", (8, 8), 7).save(other / "cat" / "00.png")
    (photos.parent / "conf" / "experiment").mkdir(parents=True)
    for name, place in (("raw", photos), ("clean", other)):
        text = f"# @package _global_\ndata: {{dir: {place}}}\n"
        (photos.parent / "conf" / "experiment" / f"{name}.yaml").write_text(text)
    words = ("--config-dir", f"{photos.parent}/conf", "+experiment=raw,clean", "seed=0,1", "jobs=1")
    assert train("-m", *words, "hydra.sweep.dir=out") == 0
    assert [verdict.numbers.refused for verdict in report(["out"]).judged] == [None]
    assert sweep_json(Path("out"))["data"] is None


# -- code


def of_other_code(folder: Path) -> str:
    """Make a sweep's record that of a sweep trained by other code, whose digest is returned."""
    other = "f" * 16
    for file in (*folder.glob("*/run.json"), *folder.glob("*/result.json"), folder / "sweep.json"):
        known = json.loads(file.read_text()) | {"code": other}
        if "checksum" in known:
            known |= checksums(known)
        file.write_text(json.dumps(known))
    return other


def test_a_sweep_is_added_to_by_other_code_only_if_that_is_accepted(
    train: Command, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("-m", f"data.dir={photos}", "jobs=1", "hydra.sweep.dir=out", "model.norm=none,batch")
    assert train(*words, "seed=0") == 0
    now, other = code_digest(), of_other_code(Path("out"))
    assert train(*words, "seed=0") == 0  # nothing is added
    assert sweep_json(Path("out"))["code"] == other
    capsys.readouterr()
    assert train(*words, "seed=0,1") == 2
    assert f"out was trained by other code of cnnlab ({other}, this is {now})" in printed(capsys)
    assert train(*words, "seed=0,1", "accept=code") == 0
    assert (sweep_json(Path("out"))["code"], sweep_json(Path("out"))["accepted"]) == (now, ["code"])
    comparison = report(["out"])
    assert [verdict.numbers.refused for verdict in comparison.judged] == [None]
    both = ", ".join(sorted([now, other]))
    assert f"the runs were made by different code of cnnlab: {both}" in comparison.remarks
    assert json.loads(Path("out/comparison.json").read_text())["accepted"] == ["code"]


def test_sweeps_of_different_code_are_compared_only_if_that_is_accepted(
    train: Command, cnnlab: Command, photos: Path
) -> None:
    for number, arm in enumerate(("none", "batch")):
        words = (f"model.norm={arm}", "seed=0,1", "jobs=1", f"hydra.sweep.dir=out{number}")
        assert train("-m", f"data.dir={photos}", *words) == 0
    other = of_other_code(Path("out1"))

    def reasons() -> list[str | None]:
        return [contrast["reason"] for contrast in json.loads(Path("out0/comparison.json").read_text())["contrasts"]]

    assert cnnlab("task=report", "dir=out0,out1") == 0
    (reason,) = reasons()
    codes = f'code is "{other}" in out1/s0 and "{code_digest()}" in out0/s0; accept=code compares them all the same'
    assert codes in (reason or "")
    assert cnnlab("task=report", "dir=out0,out1", "accept=code") == 0
    assert "unequal terms" not in str(reasons())
    assert json.loads(Path("out0/comparison.json").read_text())["accepted"] == ["code"]
