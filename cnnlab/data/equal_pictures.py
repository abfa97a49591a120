"""Equal pictures: files whose decoded pixels are equal at their own size, whatever their format and name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from PIL import Image

STRIP = 1 << 20
"""bytes of pixels that are hashed at once"""


class Fingerprint(NamedTuple):
    """What tells two pictures apart; within one process only."""

    size: tuple[int, int]
    hash: int = 0
    reduced: bool = False
    """whether it was decoded at a part of its size, so that equal hashes are a hint and no proof"""


def fingerprint(image: Image.Image, size: tuple[int, int], reduced: bool) -> Fingerprint:
    """Of decoded pixels; gray ones are the same whether they are stored as gray or as equal colors."""
    width, height = image.size
    rows = max(1, STRIP // (4 * width))  # the same for gray and color
    tops = range(0, height, rows)
    strips = (image if rows >= height else image.crop((0, top, width, min(top + rows, height))) for top in tops)
    hashes = [_hash(strip.tobytes(), image.mode) for strip in strips]
    if image.mode == "RGB" and all(gray is not None for _, gray in hashes):
        return Fingerprint(size, hash(("L", *(gray for _, gray in hashes))), reduced)
    return Fingerprint(size, hash((image.mode, *(own for own, _ in hashes))), reduced)


def _hash(pixels: bytes, mode: str) -> tuple[int, int | None]:
    """(hash of all, of RGB whose colors are equal also that of one of them)"""
    middle = len(pixels) // 6 * 3
    if mode != "RGB" or not pixels[middle] == pixels[middle + 1] == pixels[middle + 2]:
        return hash(pixels), None
    red = pixels[::3]
    return hash(pixels), hash(red) if red == pixels[1::3] == pixels[2::3] else None


def numbered(prints: Sequence[Fingerprint], full: Callable[[int], Fingerprint]) -> torch.Tensor:
    """For each picture the position of the first one that is equal to it: int64 (N,).

    `full` decodes all pixels of one; that is asked for only where pictures were reduced and could be equal: to others
    reduced likewise, or to any of their size that were not.
    """
    by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
    for position, one in enumerate(prints):
        by_size[one.size].append(position)
    known = list(prints)
    for positions in by_size.values():
        kinds = {prints[position].reduced for position in positions}
        if len(positions) == 1 or kinds == {False}:
            continue
        by_hash: dict[int, list[int]] = defaultdict(list)
        for position in positions:
            by_hash[prints[position].hash].append(position)
        doubtful = positions if kinds == {True, False} else [p for same in by_hash.values() if same[1:] for p in same]
        for position in doubtful:
            if prints[position].reduced:
                known[position] = full(position)
    first: dict[Fingerprint, int] = {}
    return torch.tensor([first.setdefault(one, position) for position, one in enumerate(known)], dtype=torch.int64)


def numbered_arrays(images: Sequence[torch.Tensor]) -> torch.Tensor:
    """The same for decoded images, uint8 (N, C, H, W) each, taken together."""
    first: dict[int, int] = {}
    numbers, position = [], 0
    for x in images:
        for image in x.flatten(1).numpy():
            numbers.append(first.setdefault(hash(image.tobytes()), position))
            position += 1
    return torch.tensor(numbers, dtype=torch.int64)
