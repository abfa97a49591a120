"""Mirrors cnnlab/data/sources/folder.py, listing.py and images.py, with real image files."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnlab.data import images, listing
from cnnlab.data.data_record import LeftOut
from cnnlab.data.dataset import open_dataset
from cnnlab.data.images import decode, read_images
from cnnlab.data.listing import folder_classes
from cnnlab.data.sources.folder import Folder
from cnnlab.errors import UserError


def paint(path, colour=(200, 100, 50), size=(12, 10), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def spot(path, colour):
    """A picture of a colour with a darker corner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (12, 10), colour)
    image.paste(tuple(value // 2 for value in colour), (8, 0, 12, 4))
    image.save(path)


def fill(root, classes=("cat", "dog"), count=10):
    for label, name in enumerate(classes):
        for i in range(count):
            spot(root / name / f"{i:02}.png", (100 * label, i + 40, 0))
    return root


def settings(root, **change):
    return Folder(**{"dir": str(root), "shape": (3, 8, 8)} | change)


def message(call, *args):
    with pytest.raises(UserError) as caught:
        call(*args)
    return str(caught.value)


def giant_png(path, side=50_000):
    """A PNG of few bytes whose header claims side × side pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


def test_a_directory_is_a_class_and_a_test_part_is_carved(tmp_path):
    data = open_dataset(settings(fill(tmp_path)), 0)
    assert data.names == ("cat", "dog")
    assert [split.y.bincount().tolist() for split in (data.train, data.val, data.test)] == [[7, 7], [1, 1], [2, 2]]
    assert data.train.x.shape == (14, 3, 8, 8)
    assert data.train.x[data.train.y == 1][:, 0].amax((1, 2)).unique().tolist() == [100]


def test_the_carved_test_part_does_not_depend_on_the_seed(tmp_path):
    fill(tmp_path)
    tests = [open_dataset(settings(tmp_path), seed).test.x[:, 1, 0, 0].tolist() for seed in range(3)]
    assert tests[0] == tests[1] == tests[2]


@pytest.mark.parametrize("name", ["test", "val"])
def test_a_given_test_part_is_used_whatever_its_name(tmp_path, name):
    fill(tmp_path / "train")
    fill(tmp_path / name, count=3)
    data = open_dataset(settings(tmp_path), 0)
    assert (len(data.train), len(data.val), len(data.test)) == (18, 2, 6)


def test_given_validation_images_are_used_where_there_are_test_images_too(tmp_path):
    for part, count in (("train", 10), ("val", 4), ("test", 3)):
        fill(tmp_path / part, count=count)
    data = open_dataset(settings(tmp_path), 0)
    assert (len(data.train), len(data.val), len(data.test)) == (20, 8, 6)


def test_train_alone_is_carved_like_a_folder_without_parts(tmp_path):
    fill(tmp_path / "train")
    data = open_dataset(settings(tmp_path), 0)
    assert (len(data.train), len(data.val), len(data.test)) == (14, 2, 4)


def test_classes_are_listed_in_order_without_opening_a_file(tmp_path):
    for name in ("b", "a", ".hidden"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep/x.JPG").write_bytes(b"never opened")
    assert folder_classes(str(tmp_path)) == ("a", "b")


def test_a_folder_that_is_not_one_is_told(tmp_path):
    assert message(folder_classes, str(tmp_path / "no")) == f"data.dir: there is no directory {tmp_path / 'no'}"
    text = f"data.dir: {tmp_path} has no directories; there should be one for each class"
    assert message(folder_classes, str(tmp_path)) == text
    (tmp_path / "a").mkdir()
    (tmp_path / "a/notes.txt").write_text("")
    assert message(folder_classes, str(tmp_path)) == (
        f"data.dir: {tmp_path} has no images for a, only 1 .txt; "
        "JPEG, PNG, BMP, GIF, PPM, WebP and TIFF are read, by their content"
    )


def test_a_disk_is_not_looked_through(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "PATIENCE", 20)
    fill(tmp_path)
    for number in range(21 + 10 * 20):  # in whatever order, somewhere there are that many between two of the ten images
        (tmp_path / f"cat/{number}.txt").touch()
    text = f"{tmp_path / 'cat'} is no folder of images: 20 others in a row"
    assert message(folder_classes, str(tmp_path)) == f"data.dir: {text}"
    assert message(listing.images, tmp_path / "cat", "images") == f"images: {text}"


def test_test_classes_that_were_never_trained_are_told(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test", ("cat", "cow"))
    text = f"data.dir: {tmp_path / 'test'} has classes that train has not: cow"
    assert message(folder_classes, str(tmp_path)) == text


def test_the_number_of_classes_and_names_is_checked(tmp_path):
    fill(tmp_path)
    text = "data.classes: the files of folder have 2 classes, not 3"
    assert message(open_dataset, settings(tmp_path, classes=3), 0) == text
    text = "data.names: there are 3 names for 2 classes"
    assert message(open_dataset, settings(tmp_path, names=("a", "b", "c")), 0) == text
    assert open_dataset(settings(tmp_path, names=("Katze", "Hund")), 0).names == ("Katze", "Hund")


def test_unreadable_images_are_left_out_and_counted(tmp_path):
    fill(tmp_path)
    (tmp_path / "cat/03.png").write_bytes(b"not an image")
    cut = paint(tmp_path / "dog/04.jpg", size=(300, 300))
    cut.write_bytes(cut.read_bytes()[:700])
    giant_png(tmp_path / "dog/05.png")
    (tmp_path / "dog/06.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("")
    data = open_dataset(settings(tmp_path), 0)
    assert data.notes.left_out == (
        LeftOut(".txt", 1, ("notes.txt",)),
        LeftOut("has too many pixels (at most 67108864)", 1, ("dog/05.png",)),
        LeftOut("is cut off", 1, ("dog/04.jpg",)),
        LeftOut("is empty", 1, ("dog/06.png",)),
        LeftOut("is no image of a known format", 1, ("cat/03.png",)),
    )
    assert data.notes.lines() == [
        (
            "left out 5 files: 1 .txt, 1 with too many pixels (at most 67108864) (dog/05.png), "
            "1 cut off (dog/04.jpg), 1 empty (dog/06.png), 1 no image of a known format (cat/03.png)",
            True,
        )
    ]
    assert sum(map(len, (data.train, data.val, data.test))) == 17


def test_a_class_without_a_readable_image_is_fatal(tmp_path):
    fill(tmp_path)
    for path in (tmp_path / "cat").iterdir():
        path.write_bytes(b"no")
    assert message(open_dataset, settings(tmp_path), 0) == (
        "data.dir: none of the 10 images of class cat can be read; cat/00.png: is no image of a known format"
    )


def test_one_image_a_class_is_too_few(tmp_path):
    text = "data.dir: every class has one image alone; none can be kept for the test part"
    assert message(open_dataset, settings(fill(tmp_path, count=1)), 0) == text


def test_more_images_than_memory_are_refused_before_one_is_opened(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 1 << 12, "SC_PHYS_PAGES": 1 << 18}.get)
    assert message(open_dataset, settings(tmp_path, shape=(3, 3000, 4000)), 0) == (
        "data.shape: 20 images of 3×3000×4000 need 686.6 MiB of memory, this machine has 1.0 GiB; "
        "store them smaller, or take fewer"
    )


def test_an_image_is_scaled_and_its_middle_is_cut_out(tmp_path):
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert decode(tmp_path / "wide.png", (3, 10, 10)).min() > 200
    assert decode(tmp_path / "wide.png", (3, 10, 30))[0, 5].tolist() == pytest.approx(
        [0] * 10 + [255] * 10 + [0] * 10, abs=40
    )


def test_an_image_of_the_right_size_is_read_pixel_by_pixel(tmp_path):
    pixels = (np.arange(8 * 6 * 3) * 5 % 256).astype(np.uint8).reshape(8, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    assert np.array_equal(decode(tmp_path / "x.png", (3, 8, 6)), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("mode", "colour", "gray", "rgb"),
    [
        ("L", 77, 77, [77, 77, 77]),
        ("RGB", (255, 0, 0), 76, [255, 0, 0]),
        ("RGBA", (255, 0, 0, 255), 76, [255, 0, 0]),
        ("1", 1, 255, [255, 255, 255]),
        ("I;16", 77 * 256 + 9, 77, [77, 77, 77]),
        ("P", 0, 0, [0, 0, 0]),
    ],
)
def test_every_mode_becomes_gray_or_rgb(tmp_path, mode, colour, gray, rgb):
    path = paint(tmp_path / "x.png", colour, mode=mode)
    assert decode(path, (1, 4, 4))[0, 2, 2] == gray
    assert decode(path, (3, 4, 4))[:, 2, 2].tolist() == rgb


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
    image, exif = Image.new("L", (8, 8)), Image.Exif()
    image.paste(255, (0, 0, 8, 4))  # the upper half is white
    exif[0x0112] = 3  # turned by half
    image.save(tmp_path / "x.png", exif=exif)
    assert decode(tmp_path / "x.png", (1, 8, 8))[0, :, 0].tolist() == [0] * 4 + [255] * 4


def test_a_large_jpeg_is_read_like_a_png(tmp_path):
    gradient = np.linspace(0, 255, 800).astype(np.uint8)[None, :, None].repeat(600, 0).repeat(3, 2)
    for kind in ("png", "jpg"):
        Image.fromarray(gradient).save(tmp_path / f"x.{kind}")
    png, jpg = (decode(tmp_path / f"x.{kind}", (3, 28, 28)).astype(int) for kind in ("png", "jpg"))
    assert abs(png - jpg).max() <= 4


def test_images_to_predict_are_read_as_the_folders_are(tmp_path):
    paths = [paint(tmp_path / f"{i}.png", (i, 0, 0)) for i in (5, 6)]
    x = read_images(paths, (3, 4, 4))
    assert x.shape == (2, 3, 4, 4)
    assert x[:, 0, 0, 0].tolist() == [5, 6]
    assert read_images([], (1, 4, 4)).shape == (0, 1, 4, 4)


def test_every_unreadable_image_to_predict_is_a_fault(tmp_path):
    good, bad = paint(tmp_path / "good.png"), tmp_path / "bad.png"
    bad.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")
    missing, directory = tmp_path / "missing.png", tmp_path
    assert message(read_images, [good, bad, str(missing), directory], (1, 4, 4)).splitlines() == [
        f"images: {bad}: is no image of a known format",
        f"images: {missing}: is not there",
        f"images: {directory}: is a directory",
    ]


def test_too_many_pixels_are_refused_whatever_pillow_thinks(tmp_path):
    path = giant_png(tmp_path / "x.png", 9000)
    text = f"images: {path}: has too many pixels: 9000×9000 (at most {images.MAX_PIXELS})"
    assert message(read_images, [path], (1, 4, 4)) == text


def test_a_network_of_other_channels_reads_no_files():
    text = "images: files are read as 1 channel (gray) or 3 (RGB); the network takes 5"
    assert message(read_images, ["x.png"], (5, 4, 4)) == text
