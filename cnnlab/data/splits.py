"""Which images are for what: parts of a data set, as even over the classes as it allows, the same for equal seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from cnnlab.data.data_record import NO_NOTES, DataNotes
from cnnlab.data.draws import shuffled
from cnnlab.data.entry import Entry, EntrySource
from cnnlab.errors import Fault, UserError
from cnnlab.text import dims
from cnnlab.untrusted.machine import too_much

SHOWN = 10
"""images at fault that are listed"""


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


def read_entries(source: EntrySource) -> Parts:
    """The parts of a source that lists its images and gives them one by one.

    UserError where it lists none, where an image is not what the settings say, or cannot be read.
    """
    entries = list(source.entries())
    names = tuple(sorted({entry.label for entry in entries}))
    if not entries:
        raise UserError(Fault("data.source", f"{source.source} lists no images"))
    if faults := source.class_faults(len(names)):
        raise UserError(*faults)
    check_memory(len(entries), source.shape)
    parts = {part: [entry for entry in entries if entry.part == part] for part in ("train", "val", "test")}
    if not parts["train"]:
        raise UserError(Fault("data.source", f"{source.source} lists no images to train on, of part train"))
    train, val, test = (_decoded(source, part, names) if part else None for part in parts.values())
    assert train
    return Parts(train, test, val, names)


def _decoded(source: EntrySource, entries: Sequence[Entry], names: tuple[str, ...]) -> Split:
    x, faults = np.empty((len(entries), *source.shape), np.uint8), []
    for position, entry in enumerate(entries):
        try:
            image = np.asarray(source.image(entry))
            if image.shape != source.shape or image.dtype != np.uint8:
                expected = f"uint8 {dims(source.shape)}"
                raise ValueError(f"is {image.dtype} {dims(image.shape) or 'without axes'}, not {expected}")
            x[position] = image
        except ValueError as error:
            faults.append(Fault("data.source", f"{source.source}: {entry.key} {error}"))
    if faults:
        more = [Fault("data.source", f"and {len(faults) - SHOWN} more")] if len(faults) > SHOWN else []
        raise UserError(*faults[:SHOWN], *more)
    labels = {name: label for label, name in enumerate(names)}
    return Split.of(x, np.array([labels[entry.label] for entry in entries]))


def stratified(labels: torch.Tensor, fraction: float, *key: object) -> tuple[torch.Tensor, torch.Tensor]:
    """(held, rest): `fraction` of each class and the others; indices in ascending order.

    Of each class that has two images or more at least one is held and at least one is left.
    """
    groups = _by_class(labels, *key)
    counts = [min(max(1, round(fraction * len(group))), len(group) - 1) if len(group) else 0 for group in groups]
    return _head(groups, counts), torch.cat([group[n:] for group, n in zip(groups, counts, strict=True)]).sort().values


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
