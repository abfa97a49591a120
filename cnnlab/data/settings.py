"""What the groups `data` and `augment` may say; neither torch nor numpy is needed to compose and check it."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from cnnlab.errors import Fault
from cnnlab.settings import LARGEST, Count, Flag, Fraction, Natural, Settings, read, shown

Source = Literal["fashion_mini", "fashion_mnist", "mnist", "cifar10", "cifar100", "folder", "synthetic"]

FIXED: dict[str, tuple[tuple[int, int, int], int]] = {
    "fashion_mini": ((1, 28, 28), 10),
    "cifar10": ((3, 32, 32), 10),
    "cifar100": ((3, 32, 32), 100),
}
"""shape and classes of the sources whose format allows no others"""


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


Unit = Annotated[float, Field(ge=0, le=1)]
Channels = Annotated[
    tuple[float, ...] | None, BeforeValidator(_channels, json_schema_input_type=Unit | list[Unit] | None)
]
"""a number for each channel, or one for all of them"""

Size = Annotated[
    Literal["auto"] | tuple[Count, Count] | None,
    BeforeValidator(_size, json_schema_input_type=Literal["auto"] | Count | tuple[Count, Count] | None),
]


class DataSettings(Settings):
    """A data set: where it comes from, what its images are, how they are split and fed."""

    source: Source
    """where the images come from"""
    dir: Annotated[str, Field(min_length=1)] | None = None
    """folder in which the files lie; null: the usual places of this machine, else they are downloaded"""
    shape: Annotated[tuple[Count, Count, Count], BeforeValidator(_shape)]
    """(channels, rows, columns) of an image as stored; a folder's images are brought to it"""
    classes: Count | None = Field(default=None, validate_default=True)
    """number of classes; null only for a folder, whose directories are counted"""
    names: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = None
    """names of the classes in the order of their labels; null: a folder's directories, else 0, 1, …"""
    size: Size = "auto"
    """(rows, columns) fed to the network; auto: what the network asks for, else as stored; null: as stored"""
    batch_size: Count = 128
    """images a step"""
    subset: Count | None = None
    """train on so many images only, as many of each class; null: on all"""
    val_fraction: Annotated[float, Field(gt=0, lt=1, strict=True)] = 0.1
    """part of each class's training images that is kept for validation"""
    mean: Channels = None
    """of each channel, values going from 0 to 1: images are normalised by it; null: that of the images trained on"""
    std: Channels = None
    """standard deviation of each channel, likewise"""
    samples: Count | None = Field(default=None, validate_default=True)
    """synthetic data: number of training images; a fifth as many test images come with them"""
    download: Flag = True
    """fetch files that are not on this machine"""

    @field_validator("classes")
    @classmethod
    def _classes_known(cls, classes: int | None, info: ValidationInfo) -> int | None:
        source = info.data.get("source", "folder")
        if classes is None and source != "folder":
            raise ValueError(f"{source} needs a number of classes; only a folder's can be counted (null)")
        return classes

    @field_validator("mean", "std")
    @classmethod
    def _one_a_channel(cls, said: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        if said is None or "shape" not in info.data:
            return said
        channels = info.data["shape"][0]
        if len(said) not in (1, channels):
            raise ValueError(f"has {len(said)} numbers, images have {channels} channel{'s' * (channels > 1)}")
        if info.field_name == "std" and not all(said):
            raise ValueError(f"should be above 0, images are divided by it; not {shown(list(said))}")
        return said * channels if len(said) == 1 else said

    @field_validator("dir")
    @classmethod
    def _dir_read(cls, dir: str | None, info: ValidationInfo) -> str | None:
        source = info.data.get("source")
        if dir is not None and source in ("fashion_mini", "synthetic"):
            raise ValueError(f"{source} reads no folder; leave it null")
        return dir

    @field_validator("samples")
    @classmethod
    def _samples_used(cls, samples: int | None, info: ValidationInfo) -> int | None:
        source = info.data.get("source")
        if samples is not None and source not in (None, "synthetic"):
            raise ValueError(f"{source} has a number of images of its own; write data.subset={samples} for fewer")
        if samples is None and source == "synthetic":
            raise ValueError("synthetic data need a number of training images")
        return samples


def sketched(raw: Any) -> DataSettings | None:
    """What a network has to know of data, where that much is sound: other faults of theirs do not hide the network's.

    Without `classes` where those are at fault; None where `shape` or `size` is.
    """
    known = {name: raw[name] for name in ("shape", "size", "classes") if name in raw} if isinstance(raw, dict) else {}
    for left_out in ((), ("classes",)):
        said = {name: value for name, value in known.items() if name not in left_out}
        data, _ = read(DataSettings, {"source": "folder", **said}, "", "data")
        if data:
            return data
    return None


def mismatches(settings: DataSettings, path: str = "data") -> list[Fault]:
    """Faults that matter as soon as images are read, but not to a summary of some other `shape` and `classes`."""
    faults = []
    source, names, classes = settings.source, settings.names, settings.classes
    if source in FIXED:
        shape, known = FIXED[source]
        if settings.shape != shape:
            hint = f"; to resize them write {path}.size={settings.shape[1]}" if settings.shape[0] == shape[0] else ""
            faults.append(
                Fault(f"{path}.shape", f"{source} has {dims(shape)} images, not {dims(settings.shape)}{hint}")
            )
        if classes != known:
            faults.append(Fault(f"{path}.classes", f"{source} has {known} classes, not {classes}"))
    if names is not None and len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        faults.append(Fault(f"{path}.names", f"two classes have one name: {', '.join(twice)}"))
    if names is not None and classes is not None and len(names) != classes:
        faults.append(Fault(f"{path}.names", f"there are {len(names)} names for {classes} classes"))
    if source == "folder" and settings.shape[0] not in (1, 3):
        faults.append(Fault(f"{path}.shape", f"files are read as 1 channel (gray) or 3 (RGB), not {settings.shape[0]}"))
    if source == "folder" and settings.dir is None:
        faults.append(Fault(f"{path}.dir", "say where the images lie: a directory that has a directory for each class"))
    return faults


def class_faults(found: int, settings: DataSettings) -> list[Fault]:
    """Faults where the files have `found` classes and `settings` say otherwise."""
    if settings.classes not in (None, found):
        message = f"the files of {settings.source} have {found} classes, not {settings.classes}"
        return [Fault("data.classes", message)]
    if settings.names is not None and len(settings.names) != found:
        return [Fault("data.names", f"there are {len(settings.names)} names for {found} classes")]
    return []


def dims(shape: tuple[int, ...]) -> str:
    """A shape as text.

    >>> dims((3, 32, 32))
    '3×32×32'
    """
    return "×".join(map(str, shape))


class AugmentSettings(Settings):
    """Random changes of training images, drawn anew each epoch; shift and cutout are in pixels as stored."""

    flip: Flag = False
    """mirror left and right, half of the time"""
    shift: Natural = 0
    """move by up to so many pixels each way, zeros come in: a random crop after zero-padding"""
    cutout: Natural = 0
    """side of a square set to the mean, its centre anywhere: DeVries & Taylor 2017, arXiv:1708.04552; 0: none"""
    brightness: Fraction = 0.0
    """values times a factor within so much of 1: Krizhevsky et al. 2012 and Howard 2013, arXiv:1312.5402, §2"""
    contrast: Fraction = 0.0
    """distance from the image's mean gray, times a factor within so much of 1"""
    saturation: Fraction = 0.0
    """distance from the pixel's own gray, times a factor within so much of 1; of three channels only"""
