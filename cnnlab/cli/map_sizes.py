"""The sizes that a network's feature maps run through, in three lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import log2, sqrt
from typing import Any

from cnnlab.text import dims

HEIGHTS = "▁▂▃▄▅▆▇█"


def feature_map_lines(record: dict[str, Any], room: int) -> list[str]:
    """The sizes from the image on, how large they are beside each other, and the channels they have.

    `record` is that of network.json; lines are at most `room` long, further ones follow below.

    >>> record = {"input": [1, 28, 28], "layers": [{"shape": [6, 28, 28]}, {"shape": [6, 14, 14]}]}
    >>> print(*feature_map_lines(record, 80), sep="\\n")
    feature maps  28×28  14×14
                  █████  ▇▇▇▇▇
    channels      1–6    6
    """
    sizes = _sizes([record["input"], *(layer["shape"] for layer in record["layers"])])
    largest = max(_length(size) for size, _ in sizes)
    columns = [(dims(size), _bar(size, largest), channels) for size, channels in sizes]
    widths = [max(map(len, column[::2])) for column in columns]
    columns = [(size, bar * width, channels) for (size, bar, channels), width in zip(columns, widths, strict=True)]
    heads = ("feature maps", "", "channels")
    lines: list[str] = []
    for group in _rows(list(zip(columns, widths, strict=True)), room - 14):
        for head, cells in zip(heads, zip(*(column for column, _ in group), strict=True), strict=True):
            padded = (cell.ljust(width) for cell, (_, width) in zip(cells, group, strict=True))
            lines.append(f"{head:<14}{'  '.join(padded)}".rstrip())
    return lines


def _sizes(shapes: Sequence[Sequence[int]]) -> list[tuple[tuple[int, ...], str]]:
    """(rows, columns) -> the channels there, in order; rows of numbers are left out."""
    images = [shape for shape in shapes if len(shape) == 3]
    sizes = []
    for size, group in groupby(images, key=lambda shape: tuple(shape[1:])):
        channels = [shape[0] for shape in group]
        low, high = min(channels), max(channels)
        sizes.append((size, str(low) if low == high else f"{low}–{high}"))
    return sizes


def _length(size: Iterable[int]) -> float:
    rows, columns = size
    return sqrt(rows * columns)


def _bar(size: Iterable[int], largest: float) -> str:
    """On a logarithmic scale, on which halving a size takes off the same."""
    share = log2(_length(size) + 1) / log2(largest + 1)
    return HEIGHTS[round(share * (len(HEIGHTS) - 1))]


def _rows(columns: Sequence[tuple[Any, int]], room: int) -> list[list[tuple[Any, int]]]:
    rows: list[list[tuple[Any, int]]] = [[]]
    used = 0
    for column in columns:
        if rows[-1] and used + column[1] > room:
            rows.append([])
            used = 0
        rows[-1].append(column)
        used += column[1] + 2
    return rows
