"""Arrays as PNG images in a page, a pixel a number; the page shows them larger."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from PIL import Image

CLEAR = 255
"""of a palette: nothing, between two pictures"""
LEVELS = 254
LEAST = 20
"""pixels of a map's side, about, in an image of several"""
SEQUENTIAL, DIVERGING = "magma", "RdBu_r"
"""both can be told apart in gray, and with any colour vision"""


def _palette(name: str) -> list[int]:
    colours = colormaps[name](np.linspace(0, 1, LEVELS + 1))[:, :3]
    return [*(colours * 255).round().astype(int).flatten().tolist(), 0, 0, 0]


PALETTES = {name: _palette(name) for name in (SEQUENTIAL, DIVERGING)}


def data_uri(image: Image.Image, **how: object) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, **how)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def photo(image: np.ndarray) -> str:
    """uint8 (C, H, W), gray or RGB; of other numbers of channels their mean."""
    if image.shape[0] == 3:
        return data_uri(Image.fromarray(image.transpose(1, 2, 0)))
    gray = image[0] if image.shape[0] == 1 else image.mean(0)
    return data_uri(Image.fromarray(gray.astype(np.uint8)))


def levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers as places in a palette, those beyond its ends at them."""
    share = (values - low) / ((high - low) or 1.0)
    return (share.clip(0, 1) * LEVELS).round().astype(np.uint8)


def tiles(maps: Sequence[np.ndarray], low: float, high: float, columns: int, gap: int = 1) -> str:
    """Maps (H, W) of one size beside and below each other; below zero blue, above red. `gap` is clear, in pixels.

    Small maps are made larger first, that the gap be narrow.
    """
    rows = math.ceil(len(maps) / columns)
    zoom = max(1, round(LEAST / max(maps[0].shape))) if gap else 1
    height, width = (zoom * side for side in maps[0].shape)
    pixels = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), CLEAR, np.uint8)
    for place, values in enumerate(maps):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        drawn = levels(values, low, high).repeat(zoom, 0).repeat(zoom, 1)
        pixels[top : top + height, left : left + width] = drawn
    image = Image.frombytes("P", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    image.putpalette(PALETTES[DIVERGING if low < 0 else SEQUENTIAL])
    return data_uri(image, transparency=CLEAR)


def rgb(kernel: np.ndarray, bound: float) -> str:
    """A kernel (3, H, W) over red, green and blue: gray is zero."""
    share = (kernel / (2 * bound or 1.0) + 0.5).clip(0, 1)
    return data_uri(Image.fromarray((share * 255).round().astype(np.uint8).transpose(1, 2, 0)))
