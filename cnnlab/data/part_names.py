"""Words for the parts of a data set, as folders are named by them, in any case and spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cnnlab.data.entry import Part

WORDS: Mapping[Part, frozenset[str]] = {
    "train": frozenset({"train", "training", "trn", "trainval"}),
    "val": frozenset({"val", "valid", "validation", "validate", "validating", "dev", "devel", "development"}),
    "test": frozenset({"test", "testing", "tst", "eval", "evaluation", "holdout"}),
}
FILLERS = frozenset({"set", "sets", "data", "dataset", "images", "image", "imgs", "img", "split", "part", "folder"})
"""words beside a part's that say nothing: train_set, TestImages, val2017"""


def part_of(name: str) -> Part | None:
    """The part that a folder's name says; None for any other name.

    >>> part_of("Training"), part_of("VALID"), part_of("test_set"), part_of("trainset"), part_of("val2017")
    ('train', 'val', 'test', 'train', 'val')
    >>> part_of("train_station"), part_of("cats"), part_of("train1")
    (None, None, 'train')
    """
    words = _words(name)
    parts: set[Part] = {part for word in words if (part := _part_of_word(word))}
    return parts.pop() if len(parts) == 1 and all(map(_says_nothing_else, words)) else None


def resembles_part(name: str) -> Part | None:
    """The part that is one word among others of a name: likely a part, and possibly a class.

    >>> resembles_part("seg_train"), resembles_part("cats"), resembles_part("asl_alphabet_test")
    ('train', None, 'test')
    """
    parts: set[Part] = {part for word in _words(name) if (part := _part_of_word(word))}
    return parts.pop() if len(parts) == 1 else None


def _words(name: str) -> list[str]:
    """The words of a name in small letters, also where only a capital begins the next: TrainSet."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", spaced.lower())


def _part_of_word(word: str) -> Part | None:
    for part, known in WORDS.items():
        if word in known or any(word == f"{one}{filler}" for one in known for filler in FILLERS):
            return part
    return None


def _says_nothing_else(word: str) -> bool:
    return word in FILLERS or _part_of_word(word) is not None
