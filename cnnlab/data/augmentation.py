"""The records of random changes of training images; neither torch nor numpy is needed to compose and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from cnnlab.errors import Fault, FaultKind
from cnnlab.registry import Registered, Registry
from cnnlab.settings import Flag, Fraction, Natural, Settings, Shape, read, shown

if TYPE_CHECKING:
    from cnnlab.data.chance import Change


class Augmentation(Registered):
    """A random change of training images, drawn anew each epoch.

    One of one's own is a subclass with a `kind: Literal["name"] = "name"` and a `build`; its other annotated fields
    are its settings.
    """

    registry: ClassVar[Registry[Augmentation]] = Registry("augment")

    kind: str

    takes_normalized: ClassVar[bool] = False
    """whether it changes normalized images, float32 about 0; else images of 0..255, uint8 or float32"""

    def build(self, shape: Shape) -> Change:
        """The change of a batch of images of `shape` (C, H, W). All that is random comes from its Chance."""
        raise NotImplementedError


class Shift(Augmentation):
    """Moved by up to so many pixels each way, zeros come in: a random crop after zero-padding."""

    kind: Literal["shift"] = "shift"  # type: ignore[assignment]
    pixels: Natural
    """largest move, in pixels as stored"""

    def build(self, shape: Shape) -> Change:
        from cnnlab.data.changes import shift

        return shift(self.pixels)


class Flip(Augmentation):
    """Mirrored left and right, half of the time."""

    kind: Literal["flip"] = "flip"  # type: ignore[assignment]

    def build(self, shape: Shape) -> Change:
        from cnnlab.data.changes import flip

        return flip


class Color(Augmentation):
    """Brightness, then contrast, then saturation, each by a factor drawn for its image.

    Krizhevsky et al. 2012 and Howard 2013, arXiv:1312.5402, §2.
    """

    kind: Literal["color"] = "color"  # type: ignore[assignment]
    brightness: Fraction = 0.0
    """values times a factor within so much of 1"""
    contrast: Fraction = 0.0
    """distance from the image's mean gray, times a factor within so much of 1"""
    saturation: Fraction = 0.0
    """distance from the pixel's own gray, times a factor within so much of 1; of three channels only"""

    def build(self, shape: Shape) -> Change:
        from cnnlab.data.changes import color

        return color(self.brightness, self.contrast, self.saturation)


class Cutout(Augmentation):
    """A square set to the mean, its center anywhere: DeVries & Taylor 2017, arXiv:1708.04552."""

    kind: Literal["cutout"] = "cutout"  # type: ignore[assignment]
    takes_normalized: ClassVar[bool] = True
    side: Natural
    """side of the square, in pixels as stored"""

    def build(self, shape: Shape) -> Change:
        from cnnlab.data.changes import cutout

        return cutout(self.side, shape)


AUGMENTATIONS = Augmentation.registry.ship(Shift, Flip, Color, Cutout)


class AugmentSettings(Settings):
    """Random changes of training images, drawn anew each epoch; shift and cutout are in pixels as stored.

    The settings are a short form of the usual ones, applied in this order. Changes by names of one's own, each with its
    `kind`, follow in the order written; those of normalized images come after the others.
    """

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

    model_config = ConfigDict(extra="allow")  # records of changes by names of one's own, as read_augment makes them

    def changes(self) -> list[tuple[str, Augmentation]]:
        """Every change in its order, with its name; the short form's have none."""
        short: list[Augmentation] = []
        if self.shift:
            short.append(Shift(pixels=self.shift))
        if self.flip:
            short.append(Flip())
        if self.brightness or self.contrast or self.saturation:
            short.append(Color(brightness=self.brightness, contrast=self.contrast, saturation=self.saturation))
        if self.cutout:
            short.append(Cutout(side=self.cutout))
        return [*(("", change) for change in short), *(self.model_extra or {}).items()]


def read_augment(raw: Any, path: str = "augment") -> tuple[AugmentSettings | None, list[Fault]]:
    """The settings of the short form, and the changes by names of one's own, or all their faults."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    own = {name: value for name, value in raw.items() if name not in AugmentSettings.model_fields}
    short = {name: value for name, value in raw.items() if name not in own}
    settings, faults = read(AugmentSettings, short, path, path)
    changes = {}
    for name, value in own.items():
        if value is not None:  # null takes a change away
            changes[name], wrong = _read_change(name, value, path)
            faults += wrong
    if settings is None or faults:
        return None, faults
    return settings.model_copy(update=changes), []


def _read_change(name: str, raw: Any, path: str) -> tuple[Augmentation | None, list[Fault]]:
    if not isinstance(raw, dict):
        message, known = f"{path} has no such setting", AugmentSettings.model_fields
        return None, [Fault.unknown(FaultKind.UNKNOWN_SETTING, f"{path}.{name}", message, name, known)]
    return AUGMENTATIONS.read(raw, f"{path}.{name}")
