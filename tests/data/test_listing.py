"""Parts and classes of a folder, by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cnnlab.data.listing import Listing, list_folder
from cnnlab.errors import UserError


def put(root: Path, *places: str) -> Path:
    """An image in each of the folders."""
    for place in places:
        (root / place).mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(root / place / "x.png")
    return root


def names(listing: Listing) -> dict[str, tuple[str, ...]]:
    parts = {"train": listing.train, "val": listing.val, "test": listing.test}
    return {part: tuple(files) for part, files in parts.items() if files}


def refusal(root: Path) -> str:
    with pytest.raises(UserError) as caught:
        list_folder(str(root))
    return str(caught.value).replace(str(root), "DIR")


@pytest.mark.parametrize(
    "words",
    [
        ("Training", "Validation", "Testing"),
        ("TRAIN", "VALID", "TEST"),
        ("train_set", "dev_set", "test_set"),
        ("trainset", "valset", "testset"),
        ("TrainImages", "ValImages", "EvalImages"),
        ("train2017", "val2017", "test2017"),
    ],
)
def test_parts_are_known_by_other_words(tmp_path: Path, words: tuple[str, str, str]) -> None:
    put(tmp_path, *(f"{word}/{label}" for word in words for label in "ab"))
    assert names(list_folder(str(tmp_path))) == {"train": ("a", "b"), "val": ("a", "b"), "test": ("a", "b")}


def test_a_validation_part_alone_is_tested_on(tmp_path: Path) -> None:
    put(tmp_path, "train/a", "train/b", "valid/a", "valid/b")
    listing = list_folder(str(tmp_path))
    assert names(listing) == {"train": ("a", "b"), "test": ("a", "b")}
    assert listing.folders["test"].name == "valid"


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            ("train/a", "train/b", "extra/a"),
            "in DIR train is named as a part of the data, and beside it stands extra; move what is no part elsewhere, "
            "or rename what is a class (data.names can give it its name back)",
        ),
        (
            ("bus", "car", "train"),
            "in DIR train is named as a part of the data, and beside it stand bus, car; move what is no part "
            "elsewhere, or rename what is a class (data.names can give it its name back)",
        ),
        (
            ("train/a", "training/a", "test/a"),
            "in DIR train and training both mean the train part; keep one of them",
        ),
        (
            ("train/a", "train/b", "test"),
            "in DIR test is a part by name, without folders for classes; a part holds a folder for each class "
            "(if it is a class, rename it)",
        ),
        (("test/a", "val/a"), "DIR has test, val and no part to train on, such as train"),
        (
            ("seg_train/a", "seg_test/a"),
            "in DIR seg_test, seg_train look like parts; name them train, val or test, or rename what is a class",
        ),
        (
            ("cat/train", "cat/test", "dog/train", "dog/test"),
            "DIR/cat holds test, train; did you mean parts stand above classes: test/cat?",
        ),
        (("set/train/a", "set/test/a"), "DIR/set holds test, train; did you mean data.dir=DIR/set?"),
        (("train/train/a", "test/test/a"), "DIR/test holds test in the place of classes"),
        (
            ("train/cat", "train/dog", "test/Cat"),
            "DIR/test has classes that train has not: Cat; did you mean 'cat'?",
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(tmp_path: Path, places: tuple[str, ...], message: str) -> None:
    assert refusal(put(tmp_path, *places)) == f"data.dir: {message}"


def test_hidden_names_and_those_of_systems_are_passed_over_at_any_depth(tmp_path: Path) -> None:
    put(tmp_path, "a", "b", "a/.ipynb_checkpoints", "a/deep/__MACOSX", ".git/a", "__MACOSX/a", "@eaDir/b")
    (tmp_path / "a/Thumbs.db").touch()
    listing = list_folder(str(tmp_path))
    assert {label: len(files) for label, files in listing.train.items()} == {"a": 1, "b": 1}
    assert listing.skipped == ()


def test_content_says_what_is_an_image(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    for number, suffix in enumerate((".jfif", ".jpe", "", ".txt")):
        Image.new("L", (4, 4), number).save(tmp_path / f"a/{number}{suffix}", "JPEG")
    (tmp_path / "a/notes.txt").write_text("BM is no bitmap")
    (tmp_path / "labels.csv").touch()
    (tmp_path / "loose.png").touch()
    listing = list_folder(str(tmp_path))
    assert len(listing.train["a"]) == 5
    assert [(one.key, one.reason) for one in listing.skipped] == [
        ("labels.csv", ".csv"),
        ("loose.png", "image outside the folders of classes"),
        ("a/notes.txt", ".txt"),
    ]


def test_an_empty_folder_is_no_class_and_one_of_other_files_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    (tmp_path / "c").mkdir()
    listing = list_folder(str(tmp_path))
    assert (listing.names, listing.empty) == (("a", "b"), ("c",))
    (tmp_path / "c/x.heic").touch()
    assert refusal(tmp_path) == (
        "data.dir: DIR has no images for c, only 1 .heic; "
        "JPEG, PNG, BMP, GIF, PPM, WebP and TIFF are read, by their content"
    )


def test_letters_in_two_pieces_name_the_same_class(tmp_path: Path) -> None:
    apart = "e\u0301tang"  # as Macs write it, which sorts elsewhere than in one piece
    put(tmp_path / "linux", "train/\u00e9tang", "train/zoo", f"test/{apart}", "test/zoo")
    put(tmp_path / "mac", apart, "zoo")
    assert names(list_folder(str(tmp_path / "linux"))) == {part: ("zoo", "\u00e9tang") for part in ("train", "test")}
    assert names(list_folder(str(tmp_path / "mac"))) == {"train": ("zoo", "\u00e9tang")}
    put(tmp_path / "mac", "\u00e9tang")
    assert refusal(tmp_path / "mac") == (
        "data.dir: in DIR two folders are called \u00e9tang, with accents encoded in two ways; merge them"
    )
