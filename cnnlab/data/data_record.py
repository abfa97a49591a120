"""Record of the data a run was trained on: data.json in the run's folder.

Who fills what:

    digest, source, classes, counts    `Dataset.record`, from the opened data set and its digest
    left_out, odd, value_range         `DataNotes`, by whoever reads and checks the images: a source gives them with its
                                       images (`Parts.notes`), checks of a whole data set add to them (`Dataset.notes`)

Everything here is plain and immutable, and needs neither torch nor numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

EXAMPLES = 10
"""names of files that a note lists; the others are counted"""


@dataclass(frozen=True)
class LeftOut:
    """Files of a data set that no image was read from, for one reason."""

    reason: str
    """such as "is cut off", or "its name ends in .txt" """
    count: int
    examples: tuple[str, ...] = ()
    """paths within the data set, at most EXAMPLES"""


@dataclass(frozen=True)
class Oddity:
    """What makes an answer on these images weak without making it untrue: one kind of it."""

    kind: str
    """a word for programs, such as "equal_images" or "transparency" """
    message: str
    """a sentence for people, with its number"""
    count: int
    """images concerned"""
    examples: tuple[str, ...] = ()
    """paths within the data set, at most EXAMPLES"""


@dataclass(frozen=True)
class DataNotes:
    """What was noticed while images were read and checked."""

    left_out: tuple[LeftOut, ...] = ()
    odd: tuple[Oddity, ...] = ()
    value_range: tuple[int, int] | None = None
    """lowest and highest value that images of 16 bits were scaled by; None: none have 16 bits"""


NO_NOTES = DataNotes()


@dataclass(frozen=True)
class DataRecord:
    """Content of data.json."""

    digest: str
    """of the content: equal for equal images under equal names, wherever they lie"""
    source: str
    classes: tuple[str, ...]
    """in the order of their labels"""
    counts: Mapping[str, tuple[int, ...]]
    """part (train, val, test) -> number of images of each class, as the run was given them"""
    notes: DataNotes = NO_NOTES

    def plain(self) -> dict[str, Any]:
        """As data.json has it: classes by name, notes beside them."""
        counts = {
            name: {part: counts[label] for part, counts in self.counts.items()}
            for label, name in enumerate(self.classes)
        }
        images = {part: sum(counts) for part, counts in self.counts.items()}
        known = {"version": 1, "digest": self.digest, "source": self.source, "images": images, "classes": counts}
        return {**known, **asdict(self.notes)}
