"""What a folder's files are read as, and the checks of a whole data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.data.images import decode, read_images
from cnnlab.data.sources.folder import Folder
from cnnlab.data.splits import stratified, stratified_by_picture
from cnnlab.errors import UserError


def save(path: Path, image: Image.Image | np.ndarray, **how: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, **how)


def noise(root: Path, count: int, seed: int = 0, copies: int = 1) -> None:
    rng = np.random.default_rng(seed)
    for label in "ab":
        for number in range(count):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            for copy in range(copies):
                save(root / label / f"{number:02}_{copy}.png", pixels)


def opened(root: Path, seed: int = 0, **settings: object) -> Dataset:
    return open_dataset(Folder(**{"dir": str(root), "shape": (1, 8, 8)} | settings), seed)  # type: ignore[arg-type]


def refusal(root: Path) -> str:
    with pytest.raises(UserError) as caught:
        opened(root)
    return str(caught.value)


def odd(data: Dataset) -> dict[str, int]:
    return {one.kind: one.count for one in data.notes.odd}


def rows(*splits: torch.Tensor) -> list[set[bytes]]:
    return [{image.numpy().tobytes() for image in split} for split in splits]


def test_equal_pictures_are_on_one_side_of_a_carved_split(tmp_path: Path) -> None:
    noise(tmp_path, 20, copies=3)
    for seed in range(3):
        data = opened(tmp_path, seed)
        train, val, test = rows(data.train.x, data.val.x, data.test.x)
        assert not train & val
        assert not (train | val) & test
        assert len(data.train) + len(data.val) + len(data.test) == 120
    assert odd(data) == {"equal_images": 80}


def test_a_split_without_equal_pictures_is_as_it_was() -> None:
    labels = torch.arange(60) % 3
    for new, old in zip(
        stratified_by_picture(labels, torch.arange(60).flip(0), 0.2, "val", 4),
        stratified(labels, 0.2, "val", 4),
        strict=True,
    ):
        assert new.equal(old)


def test_pictures_that_parts_share_are_counted_whatever_their_format(tmp_path: Path) -> None:
    noise(tmp_path / "train", 6)
    noise(tmp_path / "test", 4, seed=1)
    save(tmp_path / "test/a/again.bmp", Image.open(tmp_path / "train/a/00_0.png").convert("RGB"))
    save(tmp_path / "train/b/of_a.png", Image.open(tmp_path / "train/a/01_0.png"))
    assert odd(opened(tmp_path)) == {"equal_images": 1, "test_in_train": 1, "contradicting_labels": 2}


def test_reduced_photographs_are_equal_only_if_all_their_pixels_are(tmp_path: Path) -> None:
    stripes = np.tile(np.arange(64) % 8 // 4 * 255, (64, 1)).astype(np.uint8)
    for label, pixels in (("a", stripes), ("b", stripes.T.copy())):  # alike at an eighth
        for level in range(5):
            for copy in range(2):
                dimmed = (pixels * (1 - level / 10)).astype(np.uint8)
                save(tmp_path / label / f"{level}{copy}.jpg", dimmed, quality=100)
    assert odd(opened(tmp_path)) | {"blank_images": 0} == {"equal_images": 10, "blank_images": 0}


def test_sixteen_bits_are_scaled_by_the_range_of_the_images_to_train_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for part, high in (("train", 2050), ("test", 9000)):
        for label in "ab":
            for number in range(4):
                values = rng.integers(1800, high, (8, 8)).astype(np.uint16)
                values[0, :2] = 1800, high
                save(tmp_path / part / label / f"{number}.tif", values)
    data = opened(tmp_path)
    assert data.notes.value_range == (1800, 2050)
    assert data.train.x[:, 0, 0, :2].tolist() == [[0, 255]] * len(data.train)
    assert len(data.train.x.unique()) > 100
    assert data.test.x[:, 0, 0, 1].tolist() == [255] * 8
    file = tmp_path / "train/a/0.tif"
    assert read_images([file], (1, 8, 8), limits=(1800, 2050)).flatten()[:2].tolist() == [0, 255]
    with pytest.raises(UserError, match="has 16 bits, and the network learned from 8: which"):
        read_images([file], (1, 8, 8))


def test_a_far_value_that_leaves_few_levels_is_told(tmp_path: Path) -> None:
    noise(tmp_path, 5)
    for number in range(4):
        values = np.random.default_rng(number).integers(0, 300, (8, 8)).astype(np.uint16)
        values[0, 0] = 65535
        save(tmp_path / f"a/deep{number}.png", values)
    (message,) = (one.message for one in opened(tmp_path).notes.odd if one.kind == "few_levels")
    assert message == "of 182 values in images of 16 bits 3 levels are left, for they are scaled from 0 to 65,535"


def test_sixteen_bits_to_test_on_alone_are_refused(tmp_path: Path) -> None:
    noise(tmp_path / "train", 4)
    noise(tmp_path / "test", 4, seed=1)
    save(tmp_path / "test/a/deep.png", np.full((8, 8), 300, np.uint16))
    text = "data.dir: 1 image of 16 bits (test/a/deep.png …) and none to train on: no range to scale by"
    assert refusal(tmp_path) == text


def test_floats_are_read_from_0_to_1_and_refused_beyond(tmp_path: Path) -> None:
    noise(tmp_path, 4)
    save(tmp_path / "a/float.tif", np.full((8, 8), 0.5, np.float32))
    assert decode(tmp_path / "a/float.tif", (1, 8, 8)).max() == 128
    opened(tmp_path)
    save(tmp_path / "a/float.tif", np.full((8, 8), -3.5, np.float32))
    assert refusal(tmp_path) == (
        "data.dir: a/float.tif has floats from -3.5 to -3.5; floats are read from 0 (black) to 1 (white)"
    )


@pytest.mark.parametrize(("background", "level"), [("white", 255), ("gray", 128), ("black", 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_transparency_shows_the_background(tmp_path: Path, mode: str, background: str, level: int) -> None:
    how: dict[str, object] = {"transparency": 0} if mode in ("P", "L") else {}
    save(tmp_path / "x.png", Image.new(mode, (8, 8), 0 if mode in ("P", "L") else (0,) * len(mode)), **how)
    for channels in (1, 3):
        assert decode(tmp_path / "x.png", (channels, 4, 4), background).tolist() == [[[level] * 4] * 4] * channels  # type: ignore[arg-type]


def test_files_of_sixteen_bits_are_turned_as_their_camera_says(tmp_path: Path) -> None:
    exif, values = Image.Exif(), np.zeros((8, 8), np.uint16)
    exif[0x0112], values[:4] = 3, 60000
    save(tmp_path / "x.png", values, exif=exif)
    assert (decode(tmp_path / "x.png", (1, 8, 8))[0, :, 0] > 0).tolist() == [False] * 4 + [True] * 4


def test_the_first_of_several_pictures_is_read_and_told(tmp_path: Path) -> None:
    noise(tmp_path, 4)
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    for name in ("x.gif", "x.tif", "x.png", "x.webp"):
        frames[0].save(tmp_path / "a" / name, save_all=True, append_images=frames[1:], lossless=True)
        assert abs(int(decode(tmp_path / "a" / name, (1, 8, 8)).max()) - 10) <= 1
    assert odd(opened(tmp_path))["several_pictures"] == 4


def test_what_would_make_an_answer_untrue_is_refused(tmp_path: Path) -> None:
    for label in "ab":
        for number in range(4):
            save(tmp_path / "alike" / label / f"{number}.png", np.full((8, 8), 7, np.uint8))
    assert refusal(tmp_path / "alike").startswith("data.dir: all ")
    noise(tmp_path / "one", 4)
    for path in (tmp_path / "one/b").iterdir():
        path.unlink()
    text = "data.dir: there is one class alone, a; a network learns to tell two or more apart"
    assert refusal(tmp_path / "one") == text


def test_classes_of_one_image_and_images_of_one_color_are_told(tmp_path: Path) -> None:
    noise(tmp_path, 10)
    save(tmp_path / "c/alone.png", np.full((8, 8), 7, np.uint8))
    assert odd(opened(tmp_path)) == {"single_images": 1, "blank_images": 1}
