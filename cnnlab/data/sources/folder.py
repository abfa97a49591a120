"""A user's own images: a directory for each class, optionally `train`, `val` and `test` above them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.listing import Files, folder_classes, list_folder
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.words import clean

if TYPE_CHECKING:
    from cnnlab.data.splits import Parts, Split

SHOWN = 10
"""paths of unreadable images that the warning lists"""


class Folder(Source):
    """Your own images: DIR/class/*.jpg, or DIR/train/class/… with DIR/test/class/… (or val, or both)."""

    source: Literal["folder"] = "folder"  # type: ignore[assignment]
    largest_file: ClassVar[int | None] = 256 << 20  # the decoder's limit

    def class_names(self) -> tuple[str, ...]:
        return folder_classes(self.dir or "")

    def own_mismatches(self, path: str) -> Iterator[Fault]:
        if self.shape[0] not in (1, 3):
            yield Fault(f"{path}.shape", f"files are read as 1 channel (gray) or 3 (RGB), not {self.shape[0]}")
        if self.dir is None:
            message = "say where the images lie: a directory that has a directory for each class"
            yield Fault(f"{path}.dir", message)

    def files(self) -> list[tuple[str, Path]]:
        listing, root = list_folder(self.dir or ""), Path(self.dir or "").expanduser()
        parts = (part for part in (listing.train, listing.val, listing.test) if part)
        return [(file.relative_to(root).as_posix(), file) for part in parts for some in part.values() for file in some]

    def read(self) -> Parts:
        """Unreadable images are left out with a warning; a class that has no others is a fault."""
        from cnnlab.data.splits import Parts, check_memory

        listing = list_folder(self.dir or "")
        if faults := self.class_faults(len(listing.names)):
            raise UserError(*faults)
        parts = [part for part in (listing.train, listing.val, listing.test) if part]
        check_memory(sum(len(files) for part in parts for files in part.values()), self.shape)
        unreadable: dict[Path, str] = {}
        train = self._decoded(listing.train, listing.names, unreadable)
        val, test = (
            self._decoded(part, listing.names, unreadable) if part else None for part in (listing.val, listing.test)
        )
        _warn_of(unreadable)
        return Parts(train, test, val, listing.names)

    def _decoded(self, files: Files, names: tuple[str, ...], unreadable: dict[Path, str]) -> Split:
        """One part without its unreadable images, which are noted in `unreadable`."""
        import torch

        from cnnlab.data.images import decode_all
        from cnnlab.data.splits import Split

        pairs = [(path, names.index(name)) for name, paths in files.items() for path in paths]
        x, wrong = decode_all([path for path, _ in pairs], self.shape)
        unreadable.update(wrong)
        for name, paths in files.items():
            if all(path in wrong for path in paths):
                reason = f"none of the {len(paths)} images of class {name} can be read; {paths[0]}: {wrong[paths[0]]}"
                raise UserError(Fault("data.dir", reason))
        split = Split(x, torch.tensor([label for _, label in pairs]))
        if not wrong:
            return split
        return split.take(torch.tensor([i for i, (path, _) in enumerate(pairs) if path not in wrong]))


def _warn_of(unreadable: dict[Path, str]) -> None:
    if unreadable:
        lines = [f"\n    {path}: {reason}" for path, reason in list(unreadable.items())[:SHOWN]]
        more = f"\n    and {len(unreadable) - SHOWN} more" if len(unreadable) > SHOWN else ""
        message = f"left out {len(unreadable)} images that cannot be read:{''.join(lines)}{more}"
        warnings.warn(clean(message), stacklevel=2)
