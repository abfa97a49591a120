"""Image files as arrays of one shape: scaled and cropped to it, gray or RGB, hostile and broken files refused."""

import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.words import word

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF")
"""no EPS among them: reading one runs Ghostscript"""

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


def decode(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 (C, H, W): turned as its EXIF says, its middle cut out with the proportions of `shape`, scaled to it.

    ValueError that says what is wrong with the file.
    """
    channels, rows, columns = shape
    mode = "L" if channels == 1 else "RGB"
    try:
        _check_file(path)
        with Image.open(path, formats=FORMATS) as image:
            _check_pixels(image.width, image.height)
            image.draft(None, (2 * columns, 2 * rows))  # large JPEGs decode many times quicker at half or less
            needed = _needed(image, mode)
            if needed > MAX_BYTES:
                raise ValueError(f"takes {needed >> 20} MiB to decode (at most {MAX_BYTES >> 20})")
            with ALONE if needed > LARGE else nullcontext():
                fitted = _fitted(image, mode, (columns, rows))
    except FileNotFoundError:
        raise ValueError("is not there") from None
    except IsADirectoryError:
        raise ValueError("is a directory") from None
    except Image.UnidentifiedImageError:
        raise ValueError("is no image of a known format") from None
    except Image.DecompressionBombError:
        raise ValueError(f"has too many pixels (at most {MAX_PIXELS})") from None
    except ValueError:
        raise
    except Exception as error:  # of a broken file Pillow raises nearly anything
        cut = "truncated" in str(error)
        raise ValueError("is cut off" if cut else word(error) or type(error).__name__) from None
    return np.asarray(fitted).reshape(rows, columns, channels).transpose(2, 0, 1)


def _check_file(path: Path) -> None:
    """Of what Pillow would decide too late: WebP's decoder takes memory for the whole image as soon as it is opened."""
    with path.open("rb") as file:
        if path.stat().st_size > MAX_FILE:
            raise ValueError(f"has more than {MAX_FILE >> 20} MiB")
        head = file.read(32)
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
        raise ValueError(f"has too many pixels: {width}×{height} (at most {MAX_PIXELS})")


def _needed(image: Image.Image, mode: str) -> int:
    """Bytes that its pixels take in Pillow, twice where they are to be converted."""
    pixels, single = image.width * image.height, ("1", "L", "P")
    needed = pixels * (1 if image.mode in single else 4)
    if image.mode != mode:
        needed += pixels * (1 if mode in single else 4)
    return needed


def _fitted(image: Image.Image, mode: str, size: tuple[int, int]) -> Image.Image:
    """Upright, scaled and cut to (columns, rows); no copies of the whole are made that are not needed."""
    whole = _eight_bits(image)
    ImageOps.exif_transpose(whole, in_place=True)
    return ImageOps.fit(whole if whole.mode == mode else whole.convert(mode), size, Image.Resampling.BILINEAR)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit gray as 8-bit; Pillow's own conversion would cut all above 255 off."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))


def decode_all(paths: Sequence[Path], shape: tuple[int, int, int]) -> tuple[torch.Tensor, dict[Path, str]]:
    """(uint8 (N, C, H, W), what is wrong with which file); the images of wrong files are left black."""
    x = torch.zeros(len(paths), *shape, dtype=torch.uint8)
    target, wrong = x.numpy(), {}

    def fill(place: int) -> None:
        try:
            target[place] = decode(paths[place], shape)
        except ValueError as error:
            wrong[paths[place]] = str(error)

    with warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as pool:
        warnings.simplefilter("ignore")  # of Pillow, about single files: sizes are checked above, the rest is not fatal
        list(pool.map(fill, range(len(paths))))
    return x, {path: wrong[path] for path in paths if path in wrong}


def read_images(paths: Sequence[str | Path], shape: tuple[int, int, int]) -> torch.Tensor:
    """Images to predict, as a folder's are read: uint8 (N, C, H, W). UserError that names every file that fails."""
    files = [Path(path).expanduser() for path in paths]
    if shape[0] not in (1, 3):
        raise UserError(Fault("images", f"files are read as 1 channel (gray) or 3 (RGB); the network takes {shape[0]}"))
    x, wrong = decode_all(files, shape)
    if wrong:
        raise UserError(*(Fault("images", f"{path}: {reason}") for path, reason in wrong.items()))
    return x
