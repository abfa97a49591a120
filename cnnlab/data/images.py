"""Image files as arrays of one shape: scaled and cropped to it, gray or RGB, hostile and broken files refused."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from cnnlab.errors import Fault, UserError

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF")
"""no EPS among them: reading one runs Ghostscript"""

MAX_PIXELS = 64 << 20
"""of one image before it is scaled: 0.2 GiB as RGB"""

THREADS = 4


def decode(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 (C, H, W): turned as its EXIF says, its middle cut out with the proportions of `shape`, scaled to it.

    ValueError that says what is wrong with the file.
    """
    channels, rows, columns = shape
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"has too many pixels: {image.width}×{image.height} (at most {MAX_PIXELS})")
            image.draft(None, (2 * columns, 2 * rows))  # large JPEGs decode many times quicker at half or less
            upright = ImageOps.exif_transpose(_eight_bits(image))
            fitted = ImageOps.fit(
                upright.convert("L" if channels == 1 else "RGB"), (columns, rows), Image.Resampling.BILINEAR
            )
    except FileNotFoundError:
        raise ValueError("is not there") from None
    except IsADirectoryError:
        raise ValueError("is a directory") from None
    except Image.UnidentifiedImageError:
        raise ValueError("is no image of a known format") from None
    except Image.DecompressionBombError:
        raise ValueError(f"has too many pixels (at most {MAX_PIXELS})") from None
    except (OSError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        cut = "truncated" in str(error)
        raise ValueError("is cut off" if cut else str(error) or type(error).__name__) from None
    return np.asarray(fitted).reshape(rows, columns, channels).transpose(2, 0, 1)


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
