"""A folder of images by the names of its files alone; no image is opened."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.words import few, word

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".ppm", ".pgm", ".webp", ".tif", ".tiff"}

PATIENCE = 20_000
"""files and folders in a row that are no images: whoever names / does not mean to have all of it looked through"""
MOST_FILES = 5_000_000
"""of one class"""

Files = dict[str, list[Path]]
"""class -> its images, both in ascending order"""


@dataclass(frozen=True)
class Listing:
    """The parts of a folder; those that it does not have are None."""

    train: Files
    val: Files | None
    test: Files | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.train)


def folder_classes(dir: str, path: str = "data.dir") -> tuple[str, ...]:
    """The classes of a folder: the names of its directories, or of those below its `train`.

    UserError at `path` where there is no such folder, it has no directories or one of them has no images.
    """
    return list_folder(dir, path).names


def list_folder(dir: str, path: str = "data.dir") -> Listing:
    """A directory a class; above them perhaps `train` with `test`, `val` or both (`val` alone is the test part)."""
    root = Path(dir).expanduser()
    if not root.is_dir():
        raise UserError(Fault(path, f"there is no directory {root}"))
    if not (root / "train").is_dir():
        return Listing(_part(root, path), None, None)
    train = _part(root / "train", path)
    val, test = (_part(root / name, path) if (root / name).is_dir() else None for name in ("val", "test"))
    for part, files in (("val", val), ("test", test)):
        if files and (extra := sorted(set(files) - set(train))):
            raise UserError(Fault(path, f"{root / part} has classes that train has not: {few(extra)}"))
    return Listing(train, val, test) if test else Listing(train, None, val)


def _part(root: Path, path: str) -> Files:
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise UserError(Fault(path, f"{root} cannot be read: {(error.strerror or '').lower()}")) from None
    if not folders:
        raise UserError(Fault(path, f"{root} has no directories; there should be one for each class"))
    files = {folder.name: images(folder, path) for folder in folders}
    if empty := [name for name, found in files.items() if not found]:
        message = f"{root} has no images for {few(empty)}; read are {', '.join(sorted(SUFFIXES))}"
        raise UserError(Fault(path, message))
    return files


def images(folder: Path, path: str) -> list[Path]:
    """Image files in a folder and below it, hidden ones left out. UserError at `path` for one not to go through."""
    try:
        return sorted(_images(folder, path))
    except OSError as error:
        where = word(os.fsdecode(error.filename or folder))
        raise UserError(Fault(path, f"{where} cannot be read: {(error.strerror or '').lower()}")) from None


def _images(folder: Path, path: str) -> Iterator[Path]:
    waiting, seen, latest = [str(folder)], 0, 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_FILES:
                    raise UserError(Fault(path, f"{folder} has more than {MOST_FILES:,} files"))
                if seen - latest > PATIENCE:
                    raise UserError(Fault(path, f"{folder} is no folder of images: {PATIENCE:,} others in a row"))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name[0] != "." and Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file():
                    latest = seen
                    yield Path(entry.path)
