"""Opens a data set: reads its source, carves the validation part, measures mean and spread."""

from dataclasses import dataclass

import torch

from cnnlab.data.data_record import NO_NOTES, DataNotes, DataRecord
from cnnlab.data.source import Source
from cnnlab.data.splits import Parts, Split, balanced, digest_of_parts, stratified
from cnnlab.errors import Fault, UserError
from cnnlab.registry import returned
from cnnlab.text import dims

TEST_FRACTION = 0.2
"""of a folder without a test part"""


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


def open_dataset(settings: Source, seed: int = 0) -> Dataset:
    """The data set, split by `seed`; equal settings and seed give equal splits, on any machine.

    The validation images do not depend on `subset`, the test images not even on the seed. Mean and std are those of
    the images trained on, unless `settings` has others. UserError where the files are missing or broken, or are not
    what `settings` says.
    """
    parts = checked_parts(settings)
    train, val, test = _three(parts, settings, seed)
    if settings.subset is not None:
        train = _subset(train, settings.subset, seed)
    mean, std = (
        _as_stored(setting) or own
        for setting, own in zip((settings.mean, settings.std), mean_std(train.x), strict=True)
    )
    names = settings.names or parts.names or tuple(map(str, range(settings.classes or 0)))
    as_read = None if settings.own_digest() or settings.files() is not None else digest_of_parts(parts)
    return Dataset(train, val, test, names, mean, std, parts.notes, as_read)


def checked_parts(settings: Source) -> Parts:
    """What its source reads. UserError where the files are missing or broken, or are not what `settings` says."""
    if faults := settings.mismatches():
        raise UserError(*faults)
    parts = settings.read()
    _check(parts, settings)
    return parts


def _as_stored(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """In the units of the images as stored, 0..255."""
    return values and tuple(255 * value for value in values)


def _three(parts: Parts, settings: Source, seed: int) -> tuple[Split, Split, Split]:
    train, val, test = parts.train, parts.val, parts.test
    if test is None:  # drawn without the seed: what one seed tests on, no other may train on
        test, train = _carve(train, TEST_FRACTION, "test")
    if val is None:
        val, train = _carve(train, settings.val_fraction, "val", seed)
    return train, val, test


def _carve(split: Split, fraction: float, *key: object) -> tuple[Split, Split]:
    """(the carved part, the rest)"""
    held, rest = stratified(split.y, fraction, *key)
    if not len(held):
        raise UserError(Fault("data.dir", f"every class has one image alone; none can be kept for the {key[0]} part"))
    return split.take(held), split.take(rest)


def _subset(train: Split, count: int, seed: int) -> Split:
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
