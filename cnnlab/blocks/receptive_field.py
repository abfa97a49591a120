"""Receptive fields: what one position of a map sees of an image, and how each operation of torch's enlarges it.

Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", doi:10.23915/distill.00021:
a window of k taps at distance d over positions that are j input pixels apart adds d · (k − 1) · j to the field, and its
stride multiplies j. Where branches meet, the largest field counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
REDUCTIONS = (aten.mean, aten.sum, aten.amax)


@dataclass(frozen=True)
class Field:
    """Input pixels that one position sees, and that lie between neighbouring positions: (rows, columns)."""

    size: tuple[int, int] = (1, 1)
    step: tuple[float, float] = (1, 1)

    def window(self, kernel: Sequence[int], stride: Sequence[float], dilation: Sequence[int]) -> Field:
        size = tuple(
            round(s + d * (k - 1) * j) for s, k, d, j in zip(self.size, kernel, dilation, self.step, strict=True)
        )
        return Field(size, tuple(j * t for j, t in zip(self.step, stride, strict=True)))  # type: ignore[arg-type]

    def then(self, other: Field) -> Field:
        """The field after a block whose own field, of its own input, is `other`."""
        size = tuple(round(s + (o - 1) * j) for s, o, j in zip(self.size, other.size, self.step, strict=True))
        return Field(size, tuple(j * t for j, t in zip(self.step, other.step, strict=True)))  # type: ignore[arg-type]


def largest(fields: Sequence[Field]) -> Field:
    """The field where branches meet."""
    return extreme(fields, max)


def smallest(fields: Sequence[Field]) -> Field:
    """The field by the path that sees least, such as that through all shortcuts."""
    return extreme(fields, min)


def extreme(fields: Sequence[Field], choose: Any) -> Field:
    rows, columns = zip(*(field.size for field in fields), strict=True)
    down, across = zip(*(field.step for field in fields), strict=True)
    return Field((choose(rows), choose(columns)), (choose(down), choose(across)))


@dataclass(frozen=True)
class Window:
    """What an operation slides over an image: (rows, columns) of each."""

    kernel: tuple[int, int]
    stride: tuple[float, float] = (1, 1)
    """not whole where an adaptive pool's bins differ in size"""
    dilation: tuple[int, int] = (1, 1)


def window(op: Any, args: Any, x: Tensor, y: Tensor) -> Window | None:
    """What `op` slides over `x` to make `y`; None where each position stays by itself."""
    if x.dim() != 4:
        return None
    if op is aten.convolution and args[6]:  # transposed: as many inputs as its taps meet at one output
        spans = [d * (k - 1) + 1 for k, d in zip(pair(args[1].shape[2:]), pair(args[5]), strict=True)]
        rows, columns = (-(-span // stride) for span, stride in zip(spans, pair(args[3]), strict=True))
        down, across = pair(args[3])
        return Window((rows, columns), (1 / down, 1 / across))
    if op is aten.convolution:
        return Window(pair(args[1].shape[2:]), pair(args[3]), pair(args[5]))
    if op in (aten.max_pool2d_with_indices, aten.max_pool2d, aten.avg_pool2d):
        kernel = pair(args[1])
        dilated = op is not aten.avg_pool2d and len(args) > 4
        return Window(kernel, pair(args[2]) if args[2:] else kernel, pair(args[4]) if dilated else (1, 1))
    if op is aten.adaptive_max_pool2d and list(args[1]) == [1, 1]:  # as torch has the mean over all positions
        return _whole_map(x)
    if op in (aten._adaptive_avg_pool2d, aten.adaptive_max_pool2d):
        (n, rows), (m, columns) = zip(x.shape[-2:], args[1], strict=True)
        return Window((widest_bin(n, rows), widest_bin(m, columns)), (n / rows, m / columns))
    if op in (aten.upsample_nearest2d, aten.upsample_bilinear2d):  # bilinear: between two neighbours
        rows, columns = (m / n for m, n in zip(y.shape[-2:], x.shape[-2:], strict=True))
        kernel = (1, 1) if op is aten.upsample_nearest2d else (2 if rows > 1 else 1, 2 if columns > 1 else 1)
        return Window(kernel, (1 / rows, 1 / columns))
    if op in REDUCTIONS:
        dims = {dim % 4 for dim in (args[1:] and args[1]) or range(4)}
        return _whole_map(x) if dims & {2, 3} else None
    return _whole_map(x) if y.dim() == 2 else None  # flattened


def _whole_map(x: Tensor) -> Window:
    return Window((x.shape[-2], x.shape[-1]))


def widest_bin(n: int, m: int) -> int:
    """Positions that the largest of m bins over n positions has, as adaptive pools cut them: they may overlap."""
    shared = gcd(n, m)
    return -(-(n + m - shared) // m)


def pair(value: Any) -> tuple[int, int]:
    """(rows, columns) of what torch may have as one number."""
    first, *rest = value if isinstance(value, list | tuple) else [value]
    return (first, rest[0] if rest else first)
