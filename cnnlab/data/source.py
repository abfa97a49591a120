"""The record of a data set: where its images come from, what they are, how they are split and fed.

Neither torch nor numpy is needed to compose and check one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from cnnlab.data.entry import Entry, SkippedFile
from cnnlab.errors import Fault
from cnnlab.registry import Registered, Registry, kind_of
from cnnlab.settings import LARGEST, Count, Flag, shown
from cnnlab.text import dims
from cnnlab.traits import AFTER_READING, NO_EFFECT, Traits

if TYPE_CHECKING:
    import numpy as np

    from cnnlab.data.data_record import Oddity
    from cnnlab.data.images import Picture
    from cnnlab.data.splits import Parts


def _shape(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 3 or not all(_is_count(side) for side in value):
        raise ValueError(f"should be three whole numbers (channels, rows, columns), not {shown(value)}")
    return tuple(value)


def _size(value: Any) -> Any:
    if value is None or value == "auto":
        return value
    sides = (value, value) if _is_count(value) else value
    if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(_is_count(side) for side in sides):
        raise ValueError(f"should be auto, null, a whole number or a pair (rows, columns), not {shown(value)}")
    return tuple(sides)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST


def _subset(value: Any) -> Any:
    if value is None or _is_count(value) or (isinstance(value, str) and re.fullmatch(CAPPED, value)):
        return value
    if isinstance(value, str):
        raise ValueError(f"should be a whole number, null, or a text such as 'at most 200', not {shown(value)}")
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:
        raise ValueError(f"should be at least 1, not {value}")
    raise ValueError(f"should be a whole number, not {shown(value)}")


def _names(value: Any) -> Any:
    if value is None or (isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)):
        return value
    raise ValueError(f"should be a list of class names in quotes, not {shown(value)}")


def _channels(value: Any) -> Any:
    numbers = [value] if isinstance(value, int | float) else value
    if value is None or (isinstance(numbers, list | tuple) and numbers and all(map(_in_unit, numbers))):
        return None if value is None else tuple(map(float, numbers))
    raise ValueError(f"should be a number from 0 to 1, or one for each channel, not {shown(value)}")


def _in_unit(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


CAPPED = r"at most [1-9]\d{0,8}"
Capped = Annotated[str, Field(pattern=f"^{CAPPED}$")]
"""a number, or all that there are where those are fewer"""

Unit = Annotated[float, Field(ge=0, le=1)]
Channels = Annotated[
    tuple[float, ...] | None, BeforeValidator(_channels, json_schema_input_type=Unit | list[Unit] | None)
]
"""a number for each channel, or one for all of them"""

Size = Annotated[
    Literal["auto"] | tuple[Count, Count] | None,
    BeforeValidator(_size, json_schema_input_type=Literal["auto"] | Count | tuple[Count, Count] | None),
]


class Source(Registered):
    """A data set: where it comes from, what its images are, how they are split and fed.

    A source of one's own is a subclass with a `source: Literal["name"] = "name"` and either `read`, where whole arrays
    are at hand, or `entries` and `image`. Its other annotated fields are further settings of the group `data`.
    """

    registry: ClassVar[Registry[Source]] = Registry(
        "data", key="source", methods=("read",), instead=("entries", "image")
    )

    source: str
    """where the images come from"""
    dir: Annotated[Annotated[str, Field(min_length=1)] | None, Traits(may_differ=True)] = None
    """folder in which the files lie; null: the usual places of this machine, else they are downloaded"""
    shape: Annotated[tuple[Count, Count, Count], BeforeValidator(_shape)]
    """(channels, rows, columns) of an image as stored; a folder's images are brought to it"""
    classes: Count | None = Field(default=None, validate_default=True)
    """number of classes; null only for a folder, whose directories are counted"""
    names: Annotated[tuple[str, ...] | None, BeforeValidator(_names), NO_EFFECT] = None
    """names of the classes in the order of their labels; null: a folder's directories, else 0, 1, …"""
    size: Annotated[Size, AFTER_READING] = "auto"
    """(rows, columns) fed to the network; auto: what the network asks for, else as stored; null: as stored"""
    batch_size: Annotated[Count, AFTER_READING] = 128
    """images a step"""
    subset: Annotated[
        int | str | None, BeforeValidator(_subset, json_schema_input_type=Count | Capped | None), AFTER_READING
    ] = None
    """train on so many images only, as many of each class; null: on all; at most 200: on all where there are fewer"""
    val_fraction: Annotated[float, Field(gt=0, lt=1, strict=True), AFTER_READING] = 0.1
    """part of each class's training images that is kept for validation"""
    sampler: Annotated[Literal["balanced"] | None, Traits(for_training=True, after_reading=True)] = None
    """which training images an epoch shows: null: each once; balanced: as many of each class, so many in all as there
    are, those of rare classes several times"""
    mean: Annotated[Channels, Traits(for_training=True, after_reading=True)] = None
    """of each channel, values going from 0 to 1: images are normalised by it; null: that of the images trained on"""
    std: Annotated[Channels, Traits(for_training=True, after_reading=True)] = None
    """standard deviation of each channel, likewise"""
    samples: Count | None = Field(default=None, validate_default=True)
    """synthetic data: number of training images; a fifth as many test images come with them"""
    download: Annotated[Flag, NO_EFFECT] = True
    """fetch files that are not on this machine"""
    cache_dir: Annotated[Annotated[str, Field(min_length=1)] | None, NO_EFFECT] = None
    """folder for what is fetched or worked out once, such as digests of images; null: that of the environment variable
    CNNLAB_CACHE_DIR, else cnnlab in the user's cache (~/.cache, or XDG_CACHE_HOME)"""

    fixed_shape: ClassVar[tuple[int, int, int] | None] = None
    """the only shape that the source's format allows"""
    fixed_classes: ClassVar[int | None] = None
    """the only number of classes that it allows"""
    reads_folder: ClassVar[bool] = True
    """whether `dir` means anything to it"""
    takes_samples: ClassVar[bool] = False
    """whether the number of its images is the user's to say"""
    packed: ClassVar[bool] = False
    """whether its files hold many images each and are published in several forms: the digest of the data set is then
    that of the images in them, and the files tell only whether it is still true"""
    largest_file: ClassVar[int | None] = None
    """bytes of a file beyond which it is not read"""
    leaves_out_unreadable: ClassVar[bool] = False
    """whether images that cannot be read are left out and counted; else one of them is a fault"""

    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, from the names of files alone. UserError at `data.dir` where they cannot be told.

        A source that has this method can count its classes: its `classes` may be null.
        """
        raise NotImplementedError

    def own_mismatches(self, path: str) -> Iterable[Fault]:
        """Faults of this source that matter as soon as images are read; `path` is the group's."""
        return ()

    def entries(self) -> Iterable[Entry | SkippedFile | Oddity]:
        """Every image there is, perhaps with files that are none and what is odd. UserError where files are missing."""
        raise NotImplementedError

    def image(self, entry: Entry) -> np.ndarray:
        """One decoded image, uint8 of `shape`. ValueError that says what is wrong with its file."""
        raise NotImplementedError

    def files(self) -> list[tuple[str, Path]] | None:
        """(path within the data set, place) of every file that is read; None where that is not known.

        They tell whether the data set is what it was, so that it need not be read to find out. Of a source with
        `entries` they are those that the keys name below `dir`; one that reads others besides has its own `files`.
        """
        if not self.dir or not lists_entries(self):
            return None
        root = Path(self.dir).expanduser()
        files = [(entry.key, root / entry.key) for entry in self.entries() if isinstance(entry, Entry)]
        return files if all(file.is_file() for _, file in files) else None

    def own_digest(self) -> str | None:
        """Digest of the images where neither files of the user's nor much reading is needed to tell it."""
        return None

    def pictures(self, entries: Sequence[Entry]) -> Iterable[Picture | ValueError]:
        """The images of entries in their order, or what is wrong with one."""
        from cnnlab.data.reading import checked_images

        return checked_images(self, entries)

    def read(self) -> Parts:
        """All its images. UserError where the files are missing or broken, or are not what the settings say."""
        from cnnlab.data.reading import read_entries  # torch: only where images are read

        return read_entries(self)

    @field_validator("classes")
    @classmethod
    def _classes_known(cls, classes: int | None) -> int | None:
        if classes is None and cls.class_names is Source.class_names:
            raise ValueError(f"{kind_of(cls)} needs a number of classes; only a folder's can be counted (null)")
        return classes

    @field_validator("mean", "std")
    @classmethod
    def _one_a_channel(cls, values: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        if values is None or "shape" not in info.data:
            return values
        channels = info.data["shape"][0]
        if len(values) not in (1, channels):
            raise ValueError(f"has {len(values)} numbers, images have {channels} channel{'s' * (channels > 1)}")
        if info.field_name == "std" and not all(values):
            raise ValueError(f"should be above 0, images are divided by it; not {shown(list(values))}")
        return values * channels if len(values) == 1 else values

    @field_validator("dir")
    @classmethod
    def _dir_read(cls, dir: str | None) -> str | None:
        if dir is not None and not cls.reads_folder:
            raise ValueError(f"{kind_of(cls)} reads no folder; leave it null")
        return dir

    @field_validator("samples")
    @classmethod
    def _samples_used(cls, samples: int | None) -> int | None:
        if samples is not None and not cls.takes_samples:
            message = f"{kind_of(cls)} has a number of images of its own; write data.subset={samples} for fewer"
            raise ValueError(message)
        if samples is None and cls.takes_samples:
            raise ValueError(f"{kind_of(cls)} data need a number of training images")
        return samples

    def mismatches(self, path: str = "data") -> list[Fault]:
        """Faults that matter as soon as images are read, but not to a summary of some other `shape` and `classes`."""
        faults = []
        if self.fixed_shape and self.shape != self.fixed_shape:
            same_channels = self.shape[0] == self.fixed_shape[0]
            hint = f"; to resize them write {path}.size={self.shape[1]}" if same_channels else ""
            message = f"{self.source} has {dims(self.fixed_shape)} images, not {dims(self.shape)}{hint}"
            faults.append(Fault(f"{path}.shape", message))
        if self.fixed_classes and self.classes != self.fixed_classes:
            message = f"{self.source} has {self.fixed_classes} classes, not {self.classes}"
            faults.append(Fault(f"{path}.classes", message))
        if self.names is not None and len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            faults.append(Fault(f"{path}.names", f"two classes have one name: {', '.join(twice)}"))
        if self.names is not None and self.classes is not None and len(self.names) != self.classes:
            faults.append(Fault(f"{path}.names", f"there are {len(self.names)} names for {self.classes} classes"))
        return [*faults, *self.own_mismatches(path)]

    def class_faults(self, count: int) -> list[Fault]:
        """Faults where the files have `count` classes and the settings say otherwise."""
        if self.classes not in (None, count):
            message = f"the files of {self.source} have {count} classes, not {self.classes}"
            return [Fault("data.classes", message)]
        if self.names is not None and len(self.names) != count:
            return [Fault("data.names", f"there are {len(self.names)} names for {count} classes")]
        return []


def lists_entries(source: Source) -> bool:
    """Whether a source lists its images one by one, and so does not only give whole arrays."""
    return type(source).entries is not Source.entries
