"""A user's own images: a directory for each class, optionally `train`, `val` and `test` above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.data_record import Oddity
from cnnlab.data.entry import Entry, Part, SkippedFile
from cnnlab.data.listing import folder_classes, list_folder
from cnnlab.data.source import Source
from cnnlab.errors import Fault

if TYPE_CHECKING:
    import numpy as np

    from cnnlab.data.images import Picture


class Folder(Source):
    """Your own images: DIR/class/*.jpg, or DIR/train/class/… with DIR/test/class/… (or val, or both)."""

    source: Literal["folder"] = "folder"  # type: ignore[assignment]
    background: Literal["white", "gray", "black"] = "white"
    """what transparent images are put on"""
    largest_file: ClassVar[int | None] = 256 << 20  # the decoder's limit
    leaves_out_unreadable: ClassVar[bool] = True

    def class_names(self) -> tuple[str, ...]:
        return folder_classes(self.dir or "")

    def own_mismatches(self, path: str) -> Iterator[Fault]:
        if self.shape[0] not in (1, 3):
            yield Fault(f"{path}.shape", f"files are read as 1 channel (gray) or 3 (RGB), not {self.shape[0]}")
        if self.dir is None:
            message = "say where the images lie: a directory that has a directory for each class"
            yield Fault(f"{path}.dir", message)

    def files(self) -> list[tuple[str, Path]]:
        root = self._root
        return [(entry.key, root / entry.key) for entry in self.entries() if isinstance(entry, Entry)]

    def entries(self) -> Iterator[Entry | SkippedFile | Oddity]:
        """The folder's images by part, class and name, then what is left out."""
        root = self._root
        listing = list_folder(self.dir or "")
        parts: tuple[Part, ...] = ("train", "val", "test")
        for part in parts:
            for label, paths in (getattr(listing, part) or {}).items():
                yield from (Entry(path.relative_to(root).as_posix(), label, part) for path in paths)
        yield from listing.skipped
        yield from (SkippedFile(key, "empty folder") for key in listing.empty)
        renamed = [(part, listing.folders[part].name) for part in parts if part in listing.folders]
        if renamed := [(part, name) for part, name in renamed if name != part]:
            read = ", ".join(f"{name} is the {part} part" for part, name in renamed)
            yield Oddity("part_names", read, len(renamed), weakens=False)

    def image(self, entry: Entry) -> np.ndarray:
        from cnnlab.data.images import decode

        return decode(self._root / entry.key, self.shape, self.background)

    def pictures(self, entries: Sequence[Entry]) -> Iterator[Picture | ValueError]:
        from cnnlab.data.images import decode_all

        return decode_all([self._root / entry.key for entry in entries], self.shape, self.background)

    @property
    def _root(self) -> Path:
        return Path(self.dir or "").expanduser()
