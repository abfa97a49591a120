"""A trained network read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from stderr_lines import stderr_lines
from tiny_run import CONF, SMALL

import cnnlab as package
from cnnlab.data.dataset import open_dataset
from cnnlab.data.sources.fashion_mini import FashionMini
from cnnlab.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cnnlab.cli.main import main

    folder = tmp_path_factory.mktemp("runs") / "a run (1)=x"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnlab.experiment.train.draw", lambda *_: None)
        assert main(CONF, [*SMALL, "data.size=32", "model.body.c1.channels=8", f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten test images as files of other sizes and modes."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    test = open_dataset(FashionMini(shape=(1, 28, 28), classes=10)).test
    for i in range(10):
        image = Image.fromarray(test.x[i, 0].numpy())
        image.resize((56, 56)).convert("RGB").save(folder / f"{i}.png") if i % 2 else image.save(folder / f"{i}.png")
    return folder


def test_a_loaded_network_takes_images_and_knows_its_classes(run: Path) -> None:
    network = package.load(run)
    assert network.classes[0] == "T-shirt/top"
    images = torch.randint(256, (5, 1, 28, 28), dtype=torch.uint8)
    assert network(images).shape == (5, 10)
    assert network(images[0]).shape == (1, 10)
    assert not network.training
    torch.testing.assert_close(network(images)[:1], network(images[:1]))
    with pytest.raises(ValueError, match="takes uint8"):
        network(images.float())


def test_a_loaded_network_takes_arrays_as_it_takes_tensors(run: Path) -> None:
    network = package.load(run)
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28), dtype=np.uint8)
    expected = network(torch.from_numpy(images))
    assert torch.equal(network(images), expected)
    turned = np.ascontiguousarray(images[..., ::-1])[..., ::-1]  # its steps are negative, which torch does not take
    assert torch.equal(network(turned), expected)
    images.flags.writeable = False
    assert torch.equal(network(images), expected)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((28, 28), np.uint8), r"not torch.uint8 \(28, 28\); one gray image is images\[None\]"),
        (np.zeros((2, 28, 28, 1), np.uint8), r"with the channels last, permute the axes: \(0, 3, 1, 2\)"),
        (np.zeros((1, 28, 28)), "not torch.float64 .* give 0 to 255 as uint8"),
        ("cat.png", "takes images as a tensor or an array of numbers, not str"),
    ],
)
def test_what_is_no_image_is_told_what_would_be(run: Path, images: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        package.load(run)(images)


def test_a_checkpoint_moved_elsewhere_says_the_same(run: Path, tmp_path: Path) -> None:
    moved = tmp_path / "net.ckpt"
    moved.write_bytes((run / "checkpoints" / "best.ckpt").read_bytes())
    images = torch.randint(256, (2, 1, 28, 28), dtype=torch.uint8)
    assert torch.equal(package.load(moved)(images), package.load(run)(images))


def test_predict_writes_a_table_with_class_names(
    run: Path, pictures: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=predict", f"ckpt_path={run}", f"images={pictures}", "hydra.run.dir=out") == 0
    with Path("out/predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert rows[0]["predicted"] in package.load(run).classes
    assert sum(float(rows[0][name]) for name in package.load(run).classes) == pytest.approx(1, abs=1e-3)
    assert "predictions.csv" in capsys.readouterr().out


def test_predict_says_which_files_of_a_folder_are_no_images(
    run: Path, pictures: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("labels.csv", "more.csv", "photo.heic"):
        (pictures / name).write_bytes(b"x")
    assert cnnlab("task=predict", f"ckpt_path={run}", f"images={pictures}", "format=json", "hydra.run.dir=out") == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == 10
    assert shown.err == "left out 3 files: 2 .csv, 1 .heic (photo.heic)\n"


@pytest.mark.parametrize("task", ["test", "inspect"])
def test_images_of_16_bits_are_no_test_of_a_network_that_learned_from_8(
    run: Path, tmp_path: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], task: str
) -> None:
    rng = np.random.default_rng(0)
    for label in range(10):
        folder = tmp_path / f"deep/{label}"
        folder.mkdir(parents=True)
        for number in range(3):
            Image.fromarray(rng.integers(0, 4000, (28, 28)).astype(np.uint16)).save(folder / f"{number}.png")
    deep = ["data=folder", "data.dir=deep", "data.shape=[1,28,28]"]
    assert cnnlab(f"task={task}", f"ckpt_path={run}", *deep) == 2
    assert stderr_lines(capsys) == [
        "command line  data.dir: 30 images have 16 bits, and the network learned from 8: which values are black and "
        "white is not known; save the image with 8 bits",
    ]


@pytest.mark.usefixtures("no_pictures")
def test_data_dir_alone_changes_the_data_of_the_run_and_not_those_of_the_default(
    tmp_path: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for place in ("mine/cat", "mine/dog", "new/cat", "new/dog", "other/cow", "other/dog"):
        (tmp_path / place).mkdir(parents=True)
        for number in range(10):
            Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(tmp_path / place / f"{number}.png")
    folder = ["data=folder", "data.dir=mine", "data.shape=[1,28,28]"]
    assert cnnlab(*folder, "debug=smoke", "threads=1", "hydra.run.dir=out") == 0
    assert cnnlab("task=test", "ckpt_path=out", "data.dir=new") == 0
    assert "on 4 images" in capsys.readouterr().out
    assert cnnlab("task=test", "ckpt_path=out", "data.dir=other") == 2
    assert "data.dir: the classes are cow, dog, the network knows cat, dog; where" in capsys.readouterr().err
    assert cnnlab("task=test", "ckpt_path=out", "data.dir=none") == 2
    assert "data.dir: there is no directory none" in capsys.readouterr().err


def test_predict_agrees_with_the_loaded_network(run: Path, pictures: Path, cnnlab: Callable[..., int]) -> None:
    assert cnnlab("task=predict", f"ckpt_path={run}", f"images={pictures}/[02].png", "hydra.run.dir=out") == 0
    with Path("out/predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    network = package.load(run)
    sure = network.predict([pictures / "0.png", pictures / "2.png"])
    assert [row["predicted"] for row in rows] == [network.classes[i] for i in sure.argmax(1)]


def test_what_the_command_line_says_outright_overrides_the_record(
    run: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=test", f"ckpt_path={run}", "format=json", "data.batch_size=64") == 0
    as_trained = json.loads(capsys.readouterr().out)
    words = ["data=synthetic", "data.samples=1000", "data.shape=[1,28,28]", "data.classes=10"]
    assert cnnlab("task=test", f"ckpt_path={run}", "format=json", *words) == 0
    other = json.loads(capsys.readouterr().out)
    assert as_trained["images"] == 2000
    assert other["images"] == 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["task=test"], "ckpt_path: task=test needs a run's folder or a checkpoint: ckpt_path=outputs/…"),
        (["task=test", "ckpt_path=nowhere"], "ckpt_path: there is no nowhere"),
        (["task=test", "ckpt_path=."], "ckpt_path: . has no checkpoint in it; name a run's folder or a .ckpt file"),
        (["task=test", "ckpt_path=junk"], "ckpt_path: junk is not a checkpoint, or is damaged"),
        (["task=test", "ckpt_path=other.pt"], "ckpt_path: other.pt is a checkpoint, but not one of cnnlab's"),
        (
            ["task=test", "ckpt_path=evil.pt"],
            "ckpt_path: evil.pt holds more than tensors and plain values (io.open), and opening that",
        ),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    Path("junk").write_bytes(b"junk" * 100)
    torch.save({"state_dict": {}}, "other.pt")
    torch.save(Evil(), "evil.pt")
    assert cnnlab(*words) == 2
    assert message in capsys.readouterr().err
    assert not Path("pwned").exists()


class Evil:
    def __reduce__(self) -> tuple:
        return (open, ("pwned", "w"))


def test_images_that_are_none_are_named(
    run: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=predict", f"ckpt_path={run}") == 2
    assert cnnlab("task=predict", f"ckpt_path={run}", "images=none/*.png") == 2
    Path("text.png").write_text("not an image")
    assert cnnlab("task=predict", f"ckpt_path={run}", "images=text.png") == 2
    errors = capsys.readouterr().err
    assert "task=predict needs images" in errors
    assert "there are no images at none/*.png" in errors
    assert "text.png" in errors


def test_a_missing_run_is_a_user_error() -> None:
    with pytest.raises(UserError, match="there is no"):
        package.load("/nonexistent/run")
