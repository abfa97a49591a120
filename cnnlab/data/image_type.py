"""Image files by their first bytes: what a file holds, whatever its name says."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".ppm", ".pgm", ".webp", ".tif", ".tiff"}
"""names that are believed until the file is decoded; whatever is named otherwise is looked into"""

HEADS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",  # TIFF, and BigTIFF below
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
PNM = b"123456Ff"
"""second bytes of the formats of netpbm, after a P"""


def is_image(path: Path | str) -> bool:
    """Whether the file begins like an image of a format that is read; OSError where it cannot be opened."""
    with open(path, "rb") as file:
        head = file.read(18)
    return (
        head.startswith(HEADS)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:1] == b"P" and head[1:2] in {bytes([c]) for c in PNM} and head[2:3].isspace())
        or (head[:2] == b"BM" and len(head) == 18 and head[14] in (12, 40, 52, 56, 64, 108, 124))
    )


def named_as_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def kind_by_name(name: str) -> str:
    """What a file that is no image is counted under: its suffix, where it has one.

    >>> kind_by_name("notes.TXT"), kind_by_name("LICENSE")
    ('.txt', 'without a suffix')
    """
    return Path(name).suffix.lower() or "without a suffix"
