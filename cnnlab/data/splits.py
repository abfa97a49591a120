"""Which images are for what: parts of a data set, as even over the classes as it allows, the same for equal seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch

from cnnlab.data.data_record import NO_NOTES, DataNotes
from cnnlab.data.draws import shuffled
from cnnlab.data.entry import Part
from cnnlab.errors import Fault, UserError
from cnnlab.text import dims
from cnnlab.untrusted.machine import too_much

TEST_FRACTION = 0.2
"""of a data set without a test part"""


@dataclass(frozen=True)
class Split:
    """Images and their labels."""

    x: torch.Tensor
    """uint8 (N, C, H, W)"""
    y: torch.Tensor
    """int64 (N,)"""

    @staticmethod
    def of(x: np.ndarray, y: np.ndarray) -> Split:
        """Arrays uint8 (N, C, H, W) and whole numbers (N,) as a split."""
        return Split(torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.y)

    def counts(self, classes: int) -> list[int]:
        """How many images each class has."""
        return self.y.bincount(minlength=classes).tolist()

    def take(self, index: torch.Tensor) -> Split:
        return Split(self.x.index_select(0, index), self.y.index_select(0, index))


@dataclass(frozen=True)
class Parts:
    """What a source delivers: all that its files say, not yet split further."""

    train: Split
    test: Split | None = None
    """None: there is no test part, one has to be carved"""
    val: Split | None = None
    """None: there is no validation part, one has to be carved"""
    names: tuple[str, ...] | None = None
    """names of the classes, where the files say them"""
    notes: DataNotes = NO_NOTES
    """what was noticed while they were read"""
    pictures: Mapping[Part, torch.Tensor] | None = None
    """of each image a number that equal pictures share, int64 (N,); None: they are not compared yet"""
    keys: Mapping[Part, list[str]] = field(default_factory=dict)
    """of each image its path within the data set, where it has one"""

    @property
    def by_name(self) -> dict[Part, Split]:
        """The parts that there are."""
        named: tuple[tuple[Part, Split | None], ...] = ("train", self.train), ("val", self.val), ("test", self.test)
        return {name: split for name, split in named if split is not None}


def digest_of_parts(parts: Parts) -> str:
    """Digest of images, labels and names as a source gives them, whatever files they come from; 32 hex digits."""
    whole = hashlib.sha256(b"cnnlab images 1\n")
    for name in ("train", "val", "test"):
        split = getattr(parts, name)
        if split is not None:
            whole.update(f"{name} {tuple(split.x.shape)}\n".encode())
            whole.update(split.x.contiguous().numpy())
            whole.update(split.y.contiguous().numpy())
    whole.update(repr(parts.names).encode())
    return whole.hexdigest()[:32]


def check_memory(count: int, shape: tuple[int, ...]) -> None:
    """UserError where so many images as stored are more than this machine should hold."""
    if needed := too_much(count * prod(shape)):
        message = f"{count} images of {dims(shape)} need {needed}; store them smaller, or take fewer"
        raise UserError(Fault("data.shape", message))


def stratified(labels: torch.Tensor, fraction: float, *key: object) -> tuple[torch.Tensor, torch.Tensor]:
    """(held, rest): `fraction` of each class and the others; indices in ascending order.

    Of each class that has two images or more at least one is held and at least one is left.
    """
    groups = _by_class(labels, *key)
    counts = [min(max(1, round(fraction * len(group))), len(group) - 1) if len(group) else 0 for group in groups]
    return _head(groups, counts), torch.cat([group[n:] for group, n in zip(groups, counts, strict=True)]).sort().values


def stratified_by_picture(
    labels: torch.Tensor, pictures: torch.Tensor, fraction: float, *key: object
) -> tuple[torch.Tensor, torch.Tensor]:
    """(held, rest) as `stratified`, of different pictures; images of equal numbers are on one side.

    Where no two pictures are equal it is what `stratified` gives. Of equal ones in two classes the first counts.
    """
    numbers, group = pictures.unique(return_inverse=True)
    if len(numbers) == len(pictures):
        return stratified(labels, fraction, *key)
    positions = torch.arange(len(pictures))
    first = torch.full((len(numbers),), len(pictures)).scatter_reduce_(0, group, positions, "amin").sort()
    held_pictures, _ = stratified(labels[first.values], fraction, *key)
    is_held = torch.zeros(len(numbers), dtype=torch.bool)
    is_held[first.indices[held_pictures]] = True
    return torch.nonzero(is_held[group]).flatten(), torch.nonzero(~is_held[group]).flatten()


def balanced(labels: torch.Tensor, count: int, *key: object) -> torch.Tensor:
    """Indices of `count` images, as many of each class as there are; in ascending order.

    With equal keys fewer images are a part of more images, so that a sweep over `count` compares nested sets.
    """
    groups = _by_class(labels, *key)
    return _head(groups, quotas([len(group) for group in groups], count))


def quotas(sizes: list[int], count: int) -> list[int]:
    """How many of each class, as evenly as its size allows; they sum to `count`, or to all there are.

    >>> quotas([5, 5, 5], 8), quotas([1, 5, 5], 7)
    ([2, 3, 3], [1, 3, 3])
    """
    quota, left = [0] * len(sizes), count
    for turn, place in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        quota[place] = min(sizes[place], left // (len(sizes) - turn))
        left -= quota[place]
    return quota


def _by_class(labels: torch.Tensor, *key: object) -> list[torch.Tensor]:
    """Each class's indices, in a random order."""
    order = shuffled(len(labels), *key)
    sizes = labels.bincount().tolist()
    return list(order[labels[order].argsort(stable=True)].split(sizes))


def _head(groups: list[torch.Tensor], counts: list[int]) -> torch.Tensor:
    return torch.cat([group[:n] for group, n in zip(groups, counts, strict=True)]).sort().values
