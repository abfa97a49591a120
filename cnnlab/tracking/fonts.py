"""Text in pictures: fonts for any script that this machine has, and text cut to the room there is."""

import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import TextToPath

_FALLBACKS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Hiragino Sans", "PingFang SC", "Microsoft YaHei", "Arial Unicode MS", "Noto Emoji", "Symbola"),
)


@cache
def families() -> list[str]:
    """Matplotlib's own font, then those of this machine that know more characters."""
    here = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in here)]


@contextmanager
def any_script() -> Iterator[None]:
    """Without matplotlib's warnings of characters that no font here has: the box in the picture says it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


@cache
def width(text: str, size: float) -> float:
    """Of one line of `text`, in points."""
    font = FontProperties(family=families(), size=size)
    with any_script():
        return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def fit(text: object, room: float, size: float) -> str:
    """`text` on one line of at most `room` points, cut with "…" where it is longer."""
    line = one_line(text)
    if width(line, size) <= room:
        return line
    low, high = 0, len(line)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(line[:middle] + "…", size) <= room else (low, middle - 1)
    return line[:low].rstrip() + "…"


def one_line(text: object) -> str:
    """`text` without newlines and characters that have no shape.

    >>> one_line("T-shirt\\n/\\x07top")
    'T-shirt /top'
    """
    kept = (" " if c.isspace() else c for c in str(text) if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join("".join(kept).split())
