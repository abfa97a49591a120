"""A data set at a glance: what `task=data` shows as text, as JSON and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cnnlab.data.data_record import DataNotes, DataRecord
from cnnlab.data.dataset import Dataset
from cnnlab.data.source import Source
from cnnlab.data.splits import Split
from cnnlab.text import dims

SAMPLES = 8
"""images shown of each class"""
CLASSES = 20
"""classes whose images are shown"""


@dataclass(frozen=True)
class ClassRow:
    """A class with its images in each part."""

    name: str
    train: int
    val: int
    test: int
    share: float
    """of the images trained on"""


@dataclass(frozen=True)
class DataOverview:
    """What a data set holds, read and split as training would."""

    record: DataRecord
    shape: tuple[int, int, int]
    rows: tuple[ClassRow, ...]
    levels: int
    """different values, of 256, in the images trained on"""
    mean: tuple[float, ...]
    """of each channel, 0 to 1"""
    std: tuple[float, ...]
    samples: tuple[tuple[str, tuple[np.ndarray, ...]], ...]
    """class -> images trained on, uint8 (C, H, W)"""

    @property
    def title(self) -> str:
        return f"{self.record.source}: {len(self.rows)} classes, {dims(self.shape)}"

    @property
    def images(self) -> dict[str, int]:
        """part -> its images"""
        return {part: sum(counts) for part, counts in self.record.counts.items()}

    @property
    def counts(self) -> list[str]:
        train, val, test = (self.images[part] for part in ("train", "val", "test"))
        return [f"{train:,} training", f"{val:,} validation", f"{test:,} test images"]

    @property
    def notes(self) -> DataNotes:
        return self.record.notes

    @property
    def majority(self) -> tuple[str, float]:
        """The class that most images are trained on, and its share of the test images."""
        commonest = max(self.rows, key=lambda row: row.train)
        return commonest.name, commonest.test / max(self.images["test"], 1)

    def plain(self) -> dict[str, Any]:
        """As data.json of the task has it: that of a run, and what is worked out besides."""
        name, share = self.majority
        shares = {row.name: round(row.share, 6) for row in self.rows}
        more = {"shape": list(self.shape), "shares": shares, "majority": {"class": name, "test_share": round(share, 6)}}
        mean, std = ([round(value, 6) for value in values] for values in (self.mean, self.std))
        return {**self.record.plain(), **more, "levels": self.levels, "mean": mean, "std": std}


def overview(dataset: Dataset, source: Source, digest: str) -> DataOverview:
    """The data set at a glance; `digest` is that of its content."""
    record = dataset.record(source.source, digest)
    train, val, test = (record.counts[part] for part in ("train", "val", "test"))
    rows = [
        ClassRow(name, train[label], val[label], test[label], train[label] / max(sum(train), 1))
        for label, name in enumerate(dataset.names)
    ]
    mean, std = (tuple(value / 255 for value in values) for values in (dataset.mean, dataset.std))
    samples = _samples(dataset.train, dataset.names)
    return DataOverview(record, source.shape, tuple(rows), levels_in_use(dataset.train.x), mean, std, samples)


def levels_in_use(x: torch.Tensor) -> int:
    """Different values of uint8 images."""
    seen = np.zeros(256, bool)
    for chunk in x.split(256):
        seen |= np.bincount(chunk.numpy().ravel(), minlength=256) > 0
        if seen.all():
            break
    return int(seen.sum())


def _samples(train: Split, names: Sequence[str]) -> tuple[tuple[str, tuple[np.ndarray, ...]], ...]:
    """Of each of the first classes some images, from its first to its last."""
    found = []
    for label, name in enumerate(names[:CLASSES]):
        places = (train.y == label).nonzero().flatten()
        chosen = places[torch.linspace(0, len(places) - 1, min(SAMPLES, len(places))).long()] if len(places) else places
        found.append((name, tuple(train.x[place].numpy() for place in chosen.tolist())))
    return tuple(found)
