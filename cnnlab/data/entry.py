"""Images that a source lists and gives one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from cnnlab.errors import Fault

if TYPE_CHECKING:
    import numpy as np

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


class EntrySource(Protocol):
    """What can be read entry by entry."""

    @property
    def source(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    def entries(self) -> Iterable[Entry]: ...
    def image(self, entry: Entry) -> np.ndarray: ...
    def class_faults(self, count: int) -> list[Fault]: ...
