"""Image files as arrays of one shape: scaled and cropped to it, gray or RGB, hostile and broken files refused."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch
from PIL import Image, ImageOps

from cnnlab.data.equal_pictures import Fingerprint, fingerprint
from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.words import word

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF")
"""no EPS among them: reading one runs Ghostscript"""

SHOWN = 10
"""images at fault that are listed"""

MAX_PIXELS = 64 << 20
"""of one image before it is scaled; large JPEGs are decoded at a half, a quarter or an eighth"""

MAX_BYTES = 192 << 20
"""that decoding one image may take: 48 million pixels of RGB"""

MAX_FILE = 256 << 20
"""bytes of a file"""

LARGE = 24 << 20
"""bytes; images that take more are decoded one at a time"""

THREADS = 4

ALONE = threading.Lock()

Shape = tuple[int, int, int]
Background = Literal["white", "gray", "black"]
"""what transparent images are put on"""
LEVELS: dict[Background, int] = {"white": 255, "gray": 128, "black": 0}
Range = tuple[int, int]
"""lowest and highest value of images of 16 bits: black and white"""

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientations but the upright one, and what turns them upright"""

LEARNED_FROM_8 = "the network learned from 8: which values are black and white is not known; save the image with 8 bits"
"""why images of 16 bits are refused by a network that was trained on none"""

CUT_OFF = ("truncated", "broken data stream", "unexpected end", "not enough", "out of data")
"""what Pillow says of files that end too early"""


class Unfit(ValueError):
    """What is wrong with a file, in words of our own."""


class UnscaledValues(Unfit):
    """Numbers of a file for which nobody has said what is black and what is white."""


@dataclass(frozen=True)
class FileFacts:
    """What an image file held besides what is fed."""

    path: Path
    format: str
    mode: str
    """Pillow's word for how pixels are stored: L, RGB, P, I;16 …"""
    width: int
    """upright, as stored"""
    height: int
    fingerprint: Fingerprint
    transparent: bool = False
    several: bool = False
    """whether other pictures follow the one that was read: an animation, pages"""
    halved: bool = False
    """whether of 16 bits a color the upper 8 were read"""
    extremes: Range | None = None
    """of values of more than 8 bits"""


@dataclass(frozen=True)
class Picture:
    """One decoded image: uint8 (C, H, W), or where facts has extremes float32 (1, H, W) that is to be scaled yet."""

    pixels: np.ndarray
    facts: FileFacts | None = None
    """None where it is from no file of its own"""

    @property
    def extremes(self) -> Range | None:
        return self.facts.extremes if self.facts else None

    def eight_bits(self, limits: Range, channels: int) -> np.ndarray:
        """uint8 (C, H, W)"""
        return self.pixels if self.extremes is None else scaled(self.pixels, limits, channels)


def decode(path: Path, shape: Shape, background: Background = "white", limits: Range = (0, 0xFFFF)) -> np.ndarray:
    """The picture of a file as uint8 (C, H, W), values of 16 bits scaled by `limits`."""
    return decode_picture(path, shape, background).eight_bits(limits, shape[0])


def decode_picture(path: Path, shape: Shape, background: Background = "white") -> Picture:
    """Turned as its EXIF says, its middle cut out with the proportions of `shape`, scaled to it.

    ValueError that says what is wrong with the file.
    """
    channels, rows, columns = shape
    with _in_our_words(), _opened(path, (columns, rows)) as (image, facts):
        whole = _canonical(image)
        width, height = facts.width, facts.height
        if turn := TURNS.get(_orientation(image)):
            whole = whole.transpose(turn)
            if turn not in (TURNS[2], TURNS[3], TURNS[4]):
                width, height = height, width
        reduced = sorted(image.size) != sorted((width, height))
        values = _extremes(whole) if _is_deep(image.mode) else None
        mode = "L" if channels == 1 else "RGB"
        shown = whole.convert(mode) if whole.mode in ("L", "RGB") and whole.mode != mode else whole
        fitted = np.asarray(ImageOps.fit(shown, (columns, rows), Image.Resampling.BILINEAR))
        facts = replace(
            facts,
            width=width,
            height=height,
            fingerprint=fingerprint(whole, (width, height), reduced),
            transparent=whole.mode == "RGBa",
            extremes=values,
        )
    if values:
        return Picture(fitted[None], facts)
    if whole.mode not in ("L", "RGB"):
        fitted = _on_channels(_composited(fitted, background), mode)
    return Picture(fitted.reshape(rows, columns, channels).transpose(2, 0, 1), facts)


def full_fingerprint(path: Path) -> Fingerprint:
    """Of all pixels of a file, none left out in decoding. ValueError that says what is wrong with the file."""
    with _in_our_words(), _opened(path, None) as (image, _):
        whole = _canonical(image)
        if turn := TURNS.get(_orientation(image)):
            whole = whole.transpose(turn)
        return fingerprint(whole, whole.size, reduced=False)


def scaled(values: np.ndarray, limits: Range, channels: int) -> np.ndarray:
    """Float values (1, H, W) as uint8 (C, H, W); what lies outside the limits is black or white.

    >>> scaled(np.array([[[1800.0, 1925.0, 2050.0]]]), (1800, 2050), 1).tolist()
    [[[0, 128, 255]]]
    """
    low, high = limits
    share = (values.astype(np.float32) - low) / max(high - low, 1)
    return (255 * share + 0.5).clip(0, 255).astype(np.uint8).repeat(channels, 0)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Whatever a file makes Pillow raise, as a ValueError that says what is wrong with the file."""
    try:
        yield
    except FileNotFoundError:
        raise ValueError("is not there") from None
    except IsADirectoryError:
        raise ValueError("is a directory") from None
    except Image.UnidentifiedImageError:
        raise ValueError("is no image of a known format") from None
    except Image.DecompressionBombError:
        raise ValueError(f"has too many pixels (at most {MAX_PIXELS})") from None
    except Unfit:
        raise
    except Exception as error:  # of a broken file Pillow raises nearly anything
        said = word(error) or type(error).__name__
        cut = any(sign in said.lower() for sign in CUT_OFF)
        raise ValueError("is cut off" if cut else f"is damaged: {said}") from None


@contextmanager
def _opened(path: Path, size: tuple[int, int] | None) -> Iterator[tuple[Image.Image, FileFacts]]:
    """The file's first picture, loaded, at least twice as large as `size`; all of its pixels where that is None."""
    with path.open("rb") as file, _identified(file) as image:
        width, height = image.size
        _check_pixels(width, height)
        facts = FileFacts(
            path,
            image.format or "",
            image.mode,
            width,
            height,
            Fingerprint((0, 0)),
            several=_is_several(image),
            halved=_is_halved(image),
        )
        if size:  # large JPEGs decode many times quicker at half or less
            image.draft(None, (2 * size[0], 2 * size[1]))
        needed = _needed(image)
        if needed > MAX_BYTES:
            raise Unfit(f"takes too much memory: {needed >> 20} MiB to decode (at most {MAX_BYTES >> 20})")
        with ALONE if needed > LARGE else nullcontext():
            image.load()
            yield image, facts


def _identified(file: BinaryIO) -> Image.Image:
    _check_head(file)
    return Image.open(file, formats=FORMATS)


def _check_head(file: BinaryIO) -> None:
    """Of what Pillow would decide too late: WebP's decoder takes memory for the whole image as soon as it is opened."""
    if os.fstat(file.fileno()).st_size > MAX_FILE:
        raise Unfit(f"has more than {MAX_FILE >> 20} MiB")
    head = file.read(32)
    file.seek(0)
    if not head:
        raise Unfit("is empty")
    if head[:4] == b"RIFF" and head[12:16] == b"VP8X" and len(head) >= 30:
        width, height = (1 + int.from_bytes(head[offset : offset + 3], "little") for offset in (24, 27))
        _check_pixels(width, height)
    elif head[:4] == b"RIFF" and head[12:16] == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        _check_pixels(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    elif head[:4] == b"RIFF" and len(head) >= 30:
        _check_pixels(*(int.from_bytes(head[offset : offset + 2], "little") & 0x3FFF for offset in (26, 28)))


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Unfit(f"has too many pixels: {width}×{height} (at most {MAX_PIXELS})")


def _is_several(image: Image.Image) -> bool:
    if image.format == "TIFF":  # Pillow's own answer reads all pages
        try:
            image.seek(1)
        except EOFError:
            return False
        image.seek(0)
        return True
    return bool(getattr(image, "is_animated", False))


def _is_halved(image: Image.Image) -> bool:
    """Whether Pillow is to read colors of 16 bits, of which it takes the upper half."""
    tiles = getattr(image, "tile", None)
    if _is_deep(image.mode) or not tiles or image.format not in ("PNG", "TIFF", "PPM"):
        return False
    said = tiles[0][3]
    if image.format == "PPM":
        return isinstance(said, tuple) and isinstance(said[-1], int) and said[-1] > 255
    return ";16" in str(said)


def _is_deep(mode: str) -> bool:
    """Whether pixels are whole numbers of more than 8 bits."""
    return mode.startswith("I")


def _needed(image: Image.Image) -> int:
    """Bytes that its pixels take in Pillow, twice where they are to be converted."""
    pixels, single = image.width * image.height, ("1", "L", "P")
    needed = pixels * (1 if image.mode in single else 4)
    if image.mode == "P" or image.has_transparency_data:
        return needed + 8 * pixels
    return needed if image.mode in ("L", "RGB") else needed + pixels * (1 if image.mode == "1" else 4)


def _canonical(image: Image.Image) -> Image.Image:
    """Its pixels as L or RGB, as RGBa (times their opacity) where some let the background through, F for numbers."""
    if _is_deep(image.mode) or image.mode == "F":
        return _numbers(image)
    if image.mode == "LAB":
        raise Unfit("has colors in LAB, which are not read")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema() != (255, 255):
            return rgba.convert("RGBa")
        image = image.convert("L" if image.mode in ("L", "LA", "La", "1") else "RGB")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _numbers(image: Image.Image) -> Image.Image:
    """Pixels of more than 8 bits as floats: whole numbers as they are, floats (0 to 1) times 255."""
    if "transparency" in image.info:
        raise Unfit("has 16 bits and a transparent value, which is not read")
    values = np.asarray(image).astype(np.float32)
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(values).all() and low >= 0 and high <= 1):
            raise UnscaledValues(f"has floats from {low:g} to {high:g}; floats are read from 0 (black) to 1 (white)")
        values *= 255
    return Image.fromarray(values)


def _extremes(values: Image.Image) -> Range:
    low, high = values.getextrema()
    return int(low), int(high)  # type: ignore[arg-type]


def _orientation(image: Image.Image) -> int:
    """EXIF's number for how the camera was held; 1, upright, where nothing legible says so."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF is no reason to leave a sound picture out
        return 1


def _composited(pixels: np.ndarray, background: Background) -> np.ndarray:
    """(H, W), (H, W, 3) or premultiplied (H, W, 4) in 0..255 -> uint8 (H, W) or (H, W, 3)."""
    if pixels.dtype != np.uint8:
        return (pixels + 0.5).clip(0, 255).astype(np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    lets_through = (255 - pixels[:, :, 3:].astype(np.int32)) * LEVELS[background]
    return (pixels[:, :, :3] + (lets_through + 127) // 255).clip(0, 255).astype(np.uint8)


def _on_channels(pixels: np.ndarray, mode: str) -> np.ndarray:
    image = Image.fromarray(pixels)
    return np.asarray(image if image.mode == mode else image.convert(mode))


def decode_all(paths: Sequence[Path], shape: Shape, background: Background = "white") -> Iterator[Picture | ValueError]:
    """Each file's picture in their order, or what is wrong with it."""

    def one(path: Path) -> Picture | ValueError:
        try:
            return decode_picture(path, shape, background)
        except ValueError as error:
            return error

    with warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as pool:
        warnings.simplefilter("ignore")  # of Pillow, about single files: sizes are checked above, the rest is not fatal
        for start in range(0, len(paths), CHUNK):  # not all at once: results wait for whoever takes them
            yield from pool.map(one, paths[start : start + CHUNK])


CHUNK = 512
"""images that are decoded ahead of their use"""


def read_images(
    paths: Sequence[str | Path], shape: Shape, background: Background = "white", limits: Range | None = None
) -> torch.Tensor:
    """Images to predict, as a folder's are read: uint8 (N, C, H, W). UserError that names every file that fails.

    `limits` are what values of 16 bits are scaled by.
    """
    files = [Path(path).expanduser() for path in paths]
    if shape[0] not in (1, 3):
        raise UserError(Fault("images", f"files are read as 1 channel (gray) or 3 (RGB); the network takes {shape[0]}"))
    x = torch.zeros(len(files), *shape, dtype=torch.uint8)
    faults = []
    for row, (path, picture) in enumerate(zip(files, decode_all(files, shape, background), strict=True)):
        try:
            x[row] = torch.from_numpy(_to_predict(picture, limits, shape[0]).copy())
        except ValueError as error:
            faults.append(Fault("images", f"{path}: {error}"))
    if faults:
        more = [Fault("images", f"and {len(faults) - SHOWN:,} more")] if len(faults) > SHOWN else []
        raise UserError(*faults[:SHOWN], *more)
    return x


def _to_predict(picture: Picture | ValueError, limits: Range | None, channels: int) -> np.ndarray:
    if isinstance(picture, ValueError):
        raise picture
    if picture.extremes and limits is None:
        raise UnscaledValues(f"has 16 bits, and {LEARNED_FROM_8}")
    return picture.eight_bits(limits or (0, 0xFF), channels)
