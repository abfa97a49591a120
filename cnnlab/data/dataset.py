"""Opens a data set: reads its source, carves the validation part, measures mean and spread."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from cnnlab.data.checks import checked, compared
from cnnlab.data.data_record import NO_NOTES, DataNotes, DataRecord
from cnnlab.data.entry import Part
from cnnlab.data.images import Range
from cnnlab.data.reading import read_entries
from cnnlab.data.source import Source
from cnnlab.data.splits import TEST_FRACTION, Parts, Split, balanced, digest_of_parts, stratified_by_picture
from cnnlab.errors import Fault, UserError
from cnnlab.registry import returned
from cnnlab.text import dims


@dataclass(frozen=True)
class Dataset:
    """Three splits, the names of the classes and what normalises the images (one number a channel, of 0..255)."""

    train: Split
    val: Split
    test: Split
    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    notes: DataNotes = NO_NOTES
    """what was noticed while they were read and checked"""
    digest_as_read: str | None = None
    """of a source that does not say which files it reads: the digest of what it has read"""

    def record(self, source: str, digest: str) -> DataRecord:
        """What data.json says of it."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        counts = {name: split.y.bincount(minlength=len(self.names)).tolist() for name, split in parts.items()}
        return DataRecord(digest, source, self.names, {name: tuple(n) for name, n in counts.items()}, self.notes)


def open_dataset(settings: Source, seed: int = 0, value_range: Range | None = None) -> Dataset:
    """The data set, split by `seed`; equal settings and seed give equal splits, on any machine.

    The validation images do not depend on `subset`, the test images not even on the seed. Mean and std are those of
    the images trained on, unless `settings` has others. A trained network's `value_range` scales files of 16 bits as
    its own were. UserError where the files are missing or broken, or are not what `settings` says.
    """
    parts = checked_parts(settings, value_range)
    pictures = parts.pictures or compared(parts)
    names = settings.names or parts.names or tuple(map(str, range(settings.classes or 0)))
    notes = checked(parts, pictures, names)
    train, val, test = _three(parts, pictures, settings, seed)
    if settings.subset is not None:
        train = _subset(train, settings.subset, seed)
    mean, std = (
        _as_stored(setting) or own
        for setting, own in zip((settings.mean, settings.std), mean_std(train.x), strict=True)
    )
    as_read = None if settings.own_digest() or settings.files() is not None else digest_of_parts(parts)
    return Dataset(train, val, test, names, mean, std, notes, as_read)


def checked_parts(settings: Source, value_range: Range | None = None) -> Parts:
    """What its source reads. UserError where the files are missing or broken, or are not what `settings` says."""
    if faults := settings.mismatches():
        raise UserError(*faults)
    rescales = value_range and type(settings).read is Source.read
    parts = read_entries(settings, value_range) if rescales else settings.read()
    _check(parts, settings)
    return parts


def _as_stored(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """In the units of the images as stored, 0..255."""
    return values and tuple(255 * value for value in values)


def _three(
    parts: Parts, pictures: Mapping[Part, torch.Tensor], settings: Source, seed: int
) -> tuple[Split, Split, Split]:
    train, val, test, numbers = parts.train, parts.val, parts.test, pictures["train"]
    if test is None:  # drawn without the seed: what one seed tests on, no other may train on
        held, rest = _carved(train, numbers, TEST_FRACTION, "test")
        test, train, numbers = train.take(held), train.take(rest), numbers[rest]
    if val is None:
        held, rest = _carved(train, numbers, settings.val_fraction, "val", seed)
        val, train = train.take(held), train.take(rest)
    return train, val, test


def _carved(split: Split, numbers: torch.Tensor, fraction: float, *key: object) -> tuple[torch.Tensor, torch.Tensor]:
    """(the carved part, the rest)"""
    held, rest = stratified_by_picture(split.y, numbers, fraction, *key)
    if not len(held):
        what = "image" if len(numbers.unique()) == len(numbers) else "different image"
        message = f"every class has one {what} alone; none can be kept for the {key[0]} part"
        raise UserError(Fault("data.dir", message))
    return held, rest


def _subset(train: Split, asked: int | str, seed: int) -> Split:
    count = asked if isinstance(asked, int) else min(int(asked.rpartition(" ")[2]), len(train))
    if count > len(train):
        raise UserError(Fault("data.subset", f"asks for {count} images, but there are {len(train)} to train on"))
    return train.take(balanced(train.y, count, "subset", seed))


def _misread(parts: object) -> str | None:
    """Why these are no parts, as the end of a sentence; None where they are."""
    if not isinstance(parts, Parts):
        return ""
    for name in ("train", "val", "test"):
        split = getattr(parts, name)
        if split is not None and (split.x.dtype != torch.uint8 or split.x.dim() != 4):
            return f"; its {name} images are {split.x.dtype} {dims(split.x.shape)}"
        if split is not None and (split.y.dtype != torch.int64 or split.y.shape != split.x.shape[:1]):
            return f"; its {name} labels are {split.y.dtype} {dims(split.y.shape)} of {len(split.x)} images"
    return None


def _check(parts: Parts, settings: Source) -> None:
    """Faults where the files are not what the settings say, or a plugin's source gives something else than images."""
    if (wrong := _misread(parts)) is not None:
        message = returned(settings, "read", parts, f"Parts of uint8 images (N, C, H, W) and int64 labels (N,){wrong}")
        raise UserError(Fault("data.source", message))
    faults, shape = [], tuple(parts.train.x.shape[1:])
    if shape != settings.shape:
        message = f"the files of {settings.source} have {dims(shape)} images, not {dims(settings.shape)}"
        faults.append(Fault("data.shape", message))
    labels = torch.cat([split.y for split in (parts.train, parts.val, parts.test) if split])
    count = int(labels.max()) + 1 if parts.names is None else len(parts.names)
    if faults := faults + settings.class_faults(count):
        raise UserError(*faults)


def mean_std(x: torch.Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 (N, C, H, W), exact sums; a constant channel's std is 1."""
    total = torch.zeros(x.shape[1], dtype=torch.float64)
    squares = total.clone()
    for chunk in x.split(1000):  # as doubles all at once, ImageNet-like sets would not fit into memory
        values = chunk.double()
        total += values.sum((0, 2, 3))
        squares += values.square_().sum((0, 2, 3))
    count = x.numel() / x.shape[1]
    mean = total / count
    std = (squares / count - mean.square()).clamp(min=0).sqrt()
    return tuple(mean.tolist()), tuple(torch.where(std > 1e-6, std, 1.0).tolist())
