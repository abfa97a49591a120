"""Record of the data a run was trained on: data.json in the run's folder.

Who fills what:

    digest, source, classes, counts    `Dataset.record`, from the opened data set and its digest
    left_out, odd, value_range         `DataNotes`, by whoever reads and checks the images: a source gives them with its
                                       images (`Parts.notes`), checks of a whole data set add to them (`Dataset.notes`)

Everything here is plain and immutable, and needs neither torch nor numpy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cnnlab.text import plural

EXAMPLES = 10
"""names of files that a note lists; the others are counted"""
SIZES = 20
USUAL = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".md", ".html", ".log", ".py", "without a suffix"}
)
"""files that lie beside images and are none: labels, licenses, notes"""
VERBS = {"is ": "", "has ": "with ", "takes ": "that take "}
"""how what is said of one file is said of several"""


@dataclass(frozen=True)
class LeftOut:
    """Files of a data set that no image was read from, for one reason."""

    reason: str
    """such as "is cut off", or "its name ends in .txt" """
    count: int
    examples: tuple[str, ...] = ()
    """paths within the data set, at most EXAMPLES"""

    @property
    def is_usual(self) -> bool:
        """Whether such files lie beside images anyway, and are none that somebody may miss."""
        return self.reason in USUAL

    def __str__(self) -> str:
        """
        >>> str(LeftOut("is cut off", 3, ("cat/a.jpg", "cat/b.jpg"))), str(LeftOut(".txt", 20))
        ('3 cut off (cat/a.jpg …)', '20 .txt')
        """
        reason = re.sub("^(is |has |takes )", lambda verb: VERBS[verb[0]], self.reason)
        named = f" ({self.examples[0]}{' …' if self.count > 1 else ''})" if self.examples else ""
        return f"{self.count:,} {reason}{'' if self.is_usual else named}"


@dataclass(frozen=True)
class Oddity:
    """What is odd about the images: one kind of it."""

    kind: str
    """a word for programs, such as "equal_images" or "transparency" """
    message: str
    """a sentence for people, with its number"""
    count: int
    """images concerned"""
    examples: tuple[str, ...] = ()
    """paths within the data set, at most EXAMPLES"""
    weakens: bool = True
    """whether it makes an answer on these images weak without making it untrue; else it is only to be known"""


@dataclass(frozen=True)
class FileKinds:
    """What the files hold that were read: format, mode and size -> their number, the commonest first."""

    formats: Mapping[str, int]
    modes: Mapping[str, int]
    """Pillow's words for how pixels are stored: L, RGB, P, I;16 …"""
    sizes: Mapping[str, int]
    """such as 640×480 (columns × rows, upright), at most SIZES of them"""
    more_sizes: int = 0
    """how many others there are"""


@dataclass(frozen=True)
class DataNotes:
    """What was noticed while images were read and checked."""

    left_out: tuple[LeftOut, ...] = ()
    odd: tuple[Oddity, ...] = ()
    value_range: tuple[int, int] | None = None
    """lowest and highest value that images of 16 bits were scaled by; None: none have 16 bits"""
    files: FileKinds | None = None
    """None where images are not read from files of their own"""

    def lines(self) -> list[tuple[str, bool]]:
        """What a person should know at the start of a run, and whether it makes an answer weak."""
        lines = [(one.message, one.weakens) for one in self.odd]
        if self.left_out:
            files = sum(one.count for one in self.left_out)
            reasons = ", ".join(map(str, self.left_out))
            usual = all(one.is_usual for one in self.left_out)
            lines.insert(0, (f"left out {plural(f'{files:,}', 'file')}: {reasons}", not usual))
        return lines


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

    @property
    def images(self) -> dict[str, int]:
        """Number of images of each part."""
        return {part: sum(counts) for part, counts in self.counts.items()}

    def plain(self) -> dict[str, Any]:
        """As data.json has it: classes by name, notes beside them."""
        counts = {
            name: {part: counts[label] for part, counts in self.counts.items()}
            for label, name in enumerate(self.classes)
        }
        known = {"version": 1, "digest": self.digest, "source": self.source, "images": self.images, "classes": counts}
        return {**known, **asdict(self.notes)}
