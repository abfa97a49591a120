"""A folder of images by its names: parts, classes and files; a file is opened only where its name says no image.

The law for parts: where all sub-folders are named by words for parts and hold folders, they are parts; where none is,
they are classes. Anything between is refused with the names, for either reading could be the wrong one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnlab.data.entry import Part, SkippedFile
from cnnlab.data.file_table import composed
from cnnlab.data.image_type import is_image, kind_by_name, named_as_image
from cnnlab.data.part_names import part_of, resembles_part
from cnnlab.errors import Fault, UserError, did_you_mean
from cnnlab.untrusted.words import few, word

READ = "JPEG, PNG, BMP, GIF, PPM, WebP and TIFF are read, by their content"

JUNK = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin", "system volume information"}
    | {"lost+found", "__pycache__"}
)
"""what systems put beside files of their own accord; hidden names are passed over as well"""

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
    val: Files | None = None
    test: Files | None = None
    folders: dict[Part, Path] = field(default_factory=dict)
    """where each part was read from, where there are parts"""
    skipped: tuple[SkippedFile, ...] = ()
    empty: tuple[str, ...] = ()
    """folders for classes in which there is nothing at all, as paths within the folder"""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.train)


def folder_classes(dir: str, path: str = "data.dir") -> tuple[str, ...]:
    """The classes of a folder: the names of its directories, or of those below its part for training.

    UserError at `path` where there is no such folder, its parts or classes cannot be told, or one has no images.
    """
    return list_folder(dir, path).names


def list_folder(dir: str, path: str = "data.dir") -> Listing:
    """A directory a class; above them perhaps parts (a val part without a test part is the test part)."""
    root = Path(dir).expanduser()
    if not root.is_dir():
        raise UserError(Fault(path, f"there is no directory {root}"))
    reader = FolderReader(root, path)
    folders = _parts(root, reader.folders(root), reader)
    if not folders:
        return Listing(reader.classes(root), skipped=(*reader.skipped,), empty=(*reader.empty,))
    read: dict[Part, Files] = {part: reader.classes(folder) for part, folder in folders.items()}
    train = read.pop("train")
    for part, files in read.items():
        if extra := sorted(set(files) - set(train)):
            meant = did_you_mean(extra[0], train)
            raise UserError(Fault(path, f"{folders[part]} has classes that train has not: {few(extra)}{meant}"))
    if "test" not in read and "val" in read:
        read["test"], folders["test"] = read.pop("val"), folders.pop("val")
    return Listing(train, read.get("val"), read.get("test"), folders, (*reader.skipped,), (*reader.empty,))


def _parts(root: Path, folders: list[Path], reader: FolderReader) -> dict[Part, Path]:
    """The folders that are parts; none where all are classes. UserError for anything between."""
    parts: dict[Path, Part | None] = {folder: part_of(folder.name) for folder in folders}
    named = [folder for folder, part in parts.items() if part]
    names = few(folder.name for folder in named)
    if not named:
        _check_alike(root, folders, reader)
        return {}
    if others := [folder.name for folder in folders if folder not in named]:
        beside = "is named as a part" if len(named) == 1 else "are named as parts"
        reader.refuse(
            f"in {root} {names} {beside} of the data, and beside {'it' if len(named) == 1 else 'them'} "
            f"{'stands' if len(others) == 1 else 'stand'} {few(others)}; "
            "move what is no part elsewhere, or rename what is a class (data.names can give it its name back)"
        )
    if flat := [folder.name for folder in named if not reader.folders(folder)]:
        reader.refuse(
            f"in {root} {few(flat)} {'is a part' if len(flat) == 1 else 'are parts'} by name, without folders for "
            "classes; a part holds a folder for each class (if it is a class, rename it)"
        )
    found: dict[Part, Path] = {}
    for folder, part in parts.items():
        if part and part in found:
            reader.refuse(f"in {root} {found[part].name} and {folder.name} both mean the {part} part; keep one of them")
        if part:
            found[part] = folder
    if "train" not in found:
        reader.refuse(f"{root} has {names} and no part to train on, such as train")
    return found


def _check_alike(root: Path, folders: list[Path], reader: FolderReader) -> None:
    """UserError where folders look like parts of other names, or classes have parts below them."""
    alike = [folder for folder in folders if resembles_part(folder.name) and reader.folders(folder)]
    if len({resembles_part(folder.name) for folder in alike}) > 1:
        names = few(folder.name for folder in alike)
        reader.refuse(f"in {root} {names} look like parts; name them train, val or test, or rename what is a class")
    for folder in folders:
        below = [inner.name for inner in reader.folders(folder)]
        if len(below) > 1 and all(map(part_of, below)):
            hint = f"data.dir={folder}" if len(folders) == 1 else f"parts stand above classes: {below[0]}/{folder.name}"
            reader.refuse(f"{folder} holds {few(below)}; did you mean {hint}?")


class FolderReader:
    """Reading of a folder's names, with what is passed over on the way."""

    def __init__(self, root: Path, path: str):
        self.root, self.path = root, path
        self.skipped: list[SkippedFile] = []
        self.empty: list[str] = []

    def refuse(self, message: str) -> None:
        raise UserError(Fault(self.path, message))

    def folders(self, folder: Path) -> list[Path]:
        """The folders in a folder that somebody has put there, in ascending order."""
        try:
            return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not _is_passed(entry.name))
        except OSError as error:
            raise UserError(Fault(self.path, f"{folder} cannot be read: {(error.strerror or '').lower()}")) from None

    def classes(self, root: Path) -> Files:
        """A part's images by class, whose name is composed.

        UserError where it has no classes, or files for one and no image among them.
        """
        folders = sorted(self.folders(root), key=lambda folder: composed(folder.name))
        if not folders:
            self.refuse(f"{root} has no directories; there should be one for each class")
        if root != self.root and all(part_of(folder.name) for folder in folders):
            self.refuse(f"{root} holds {few(folder.name for folder in folders)} in the place of classes")
        self.skipped += self._loose(root)
        files: Files = {}
        lacking: dict[str, Counter[str]] = {}
        for folder in folders:
            found, skipped = images(folder, self.path, self.root)
            self.skipped += skipped
            label = composed(folder.name)
            if found and label in files:
                self.refuse(f"in {root} two folders are called {label}, with accents encoded in two ways; merge them")
            if found:
                files[label] = found
            elif skipped:
                lacking[folder.name] = Counter(one.reason for one in skipped)
            else:
                self.empty.append(str(folder.relative_to(self.root)))
        if lacking or not files:
            held = next(iter(lacking.values()), Counter[str]())
            only = f", only {counted(held)}" if held else ""
            self.refuse(f"{root} has no images for {few(lacking or [f.name for f in folders])}{only}; {READ}")
        return files

    def _loose(self, folder: Path) -> Iterator[SkippedFile]:
        """Files beside folders for classes."""
        with os.scandir(folder) as entries:
            loose = sorted(entry.name for entry in entries if not _is_passed(entry.name) and not entry.is_dir())
        for name in loose:
            key = str((folder / name).relative_to(self.root))
            image = named_as_image(name)
            yield SkippedFile(key, "image outside the folders of classes" if image else kind_by_name(name))


def images(folder: Path, path: str, root: Path | None = None) -> tuple[list[Path], list[SkippedFile]]:
    """(image files in a folder and below it, others); hidden ones are in neither. Keys are relative to `root`.

    UserError at `path` for a folder not to go through.
    """
    found, skipped = [], []
    try:
        for file, reason in _files(folder, path):
            if reason is None:
                found.append(Path(file))
            else:
                skipped.append(SkippedFile(os.path.relpath(file, root or folder), reason))
    except OSError as error:
        where = word(os.fsdecode(error.filename or folder))
        raise UserError(Fault(path, f"{where} cannot be read: {(error.strerror or '').lower()}")) from None
    return sorted(found), sorted(skipped, key=lambda one: one.key)


def _files(folder: Path, path: str) -> Iterator[tuple[str, str | None]]:
    """Each file below a folder, and why it is no image to read, None for one that is."""
    waiting, seen, latest = [str(folder)], 0, 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_FILES:
                    raise UserError(Fault(path, f"{folder} has more than {MOST_FILES:,} files"))
                if seen - latest > PATIENCE:
                    raise UserError(Fault(path, f"{folder} is no folder of images: {PATIENCE:,} others in a row"))
                if _is_passed(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                reason = _why_not(entry)
                latest = latest if reason else seen
                yield entry.path, reason


def _why_not(entry: os.DirEntry[str]) -> str | None:
    """Why a file is not read, in a word or two; None for an image."""
    if not entry.is_file():
        if entry.is_symlink():
            return "link to a folder" if entry.is_dir() else "broken link"
        return "no regular file"
    if named_as_image(entry.name):
        return None
    try:
        return None if is_image(entry.path) else kind_by_name(entry.name)
    except OSError:
        return "not to be opened"


def _is_passed(name: str) -> bool:
    return name[0] == "." or name.lower() in JUNK


def counted(reasons: Counter[str] | Iterable[str]) -> str:
    """Reasons with their numbers, the commonest first.

    >>> counted(["cut off", ".txt", ".txt"])
    '2 .txt, 1 cut off'
    """
    counts: Collection[tuple[str, int]] = Counter(reasons).most_common()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts)
