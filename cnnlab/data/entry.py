"""Images that a source lists and gives one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from cnnlab.errors import Fault

if TYPE_CHECKING:
    import numpy as np

    from cnnlab.data.data_record import Oddity
    from cnnlab.data.images import Picture

Part = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Entry:
    """One image of a source."""

    key: str
    """what identifies it within the source, such as its path below the folder"""
    label: str
    """name of its class"""
    part: Part = "train"
    """what it is for; a source without a val or a test part has them carved from train"""


@dataclass(frozen=True)
class SkippedFile:
    """A file beside images that is none, or is not to be read."""

    key: str
    """its path within the source"""
    reason: str
    """what it is, in a word or two: .txt, cut off, broken link"""


class EntrySource(Protocol):
    """What can be read entry by entry."""

    @property
    def source(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...

    leaves_out_unreadable: ClassVar[bool]

    def entries(self) -> Iterable[Entry | SkippedFile | Oddity]: ...
    def image(self, entry: Entry) -> np.ndarray: ...
    def pictures(self, entries: Sequence[Entry]) -> Iterable[Picture | ValueError]: ...
    def class_faults(self, count: int) -> list[Fault]: ...
