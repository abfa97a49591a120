"""Windows that slide over an image: sizes, steps and padding of convolutions and pools (source notes O2, O3)."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.settings import Natural, shown

Pads = tuple[int, int, int, int]
"""rows added at the top and the bottom, columns at the left and the right"""


def _padding(value: Any) -> Any:
    """`same`, `valid`, or the pads of the four sides."""
    if value in ("same", "valid"):
        return value
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    whole = all(type(n) is int and n >= 0 for n in numbers)
    match numbers:
        case [side] if whole:
            return (side, side, side, side)
        case [rows, columns] if whole:
            return (rows, rows, columns, columns)
        case [_, _, _, _] if whole:
            return tuple(numbers)
    raise ValueError(
        "should be same, valid, a whole number or a pair (rows, columns) a side, "
        f"or four numbers (top, bottom, left, right), not {shown(value)}"
    )


Written = Literal["same", "valid"] | Natural | tuple[Natural, Natural] | tuple[Natural, Natural, Natural, Natural]
Padding = Annotated[Literal["same", "valid"] | Pads, BeforeValidator(_padding, json_schema_input_type=Written)]


def pads(
    padding: Literal["same", "valid"] | Pads,
    kernel_size: tuple[int, int],
    dilation: tuple[int, int],
    stride: tuple[int, int],
    size: tuple[int, int],
) -> Pads:
    """The four pads for an image of `size`.

    `same` adds a total of dilation · (k − 1), an odd one out going on top and at the left: Zhang et al., Dive into Deep
    Learning, §7.3.1; torch's own padding="same" puts the odd one at the bottom and right. Windows that are no larger
    than their step tile the image from its first pixel, and only what the last one lacks is added, at the end. Either
    way ceil(size / stride) positions are left.

    >>> pads("same", (5, 2), (1, 1), (1, 1), (28, 28))
    (2, 2, 1, 0)
    >>> pads("same", (4, 4), (1, 1), (4, 4), (32, 30))
    (0, 0, 0, 2)
    """
    if padding == "valid":
        return (0, 0, 0, 0)
    if padding != "same":
        return padding
    rows, columns = map(_same, kernel_size, dilation, stride, size)
    return (*rows, *columns)


def _same(kernel: int, dilation: int, stride: int, size: int) -> tuple[int, int]:
    """What `same` adds before and behind the rows, or the columns."""
    total = dilation * (kernel - 1)
    if total < stride:
        last = (-(-size // stride) - 1) * stride
        return 0, max(0, last + total + 1 - size)
    return total - total // 2, total // 2


def tiles(block: Block) -> bool:
    """Whether `same` padding tiles for a block of windows, which it did not before version 0.3.0."""
    cls = type(block)
    if not cls.__module__.startswith("cnnlab.") or not {"kernel_size", "stride"} <= cls.model_fields.keys():
        return False
    if getattr(block, "padding", "same") != "same":
        return False
    kernel_size, dilation = getattr(block, "kernel_size"), getattr(block, "dilation", (1, 1))  # noqa: B009
    stride = getattr(block, "stride") or kernel_size  # noqa: B009
    return any(k > 1 and d * (k - 1) < s for k, d, s in zip(kernel_size, dilation, stride, strict=True))


def check_fits(
    kind: str,
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    padding: Literal["same", "valid"] | Pads,
    dilation: tuple[int, int] = (1, 1),
    overhang: tuple[int, int] = (0, 0),
) -> None:
    """Raise a Misfit where the window is larger than the padded image; it may hang over its edge by `overhang`."""
    if padding == "same":  # which fits any image
        return
    top, bottom, left, right = (0, 0, 0, 0) if padding == "valid" else padding
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    needs = (max(spans[0] - top - bottom - overhang[0], 1), max(spans[1] - left - right - overhang[1], 1))
    if size[0] < needs[0] or size[1] < needs[1]:
        raise Misfit(
            f"the feature map vanishes: {kind} with kernel_size {_pair(kernel_size)}, padding {_said(padding)} "
            f"needs at least {needs[0]}×{needs[1]}, has {size[0]}×{size[1]}",
            "vanishes",
        )


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"({pair[0]}, {pair[1]})"


def _said(padding: Literal["same", "valid"] | Pads) -> str:
    if isinstance(padding, str):
        return padding
    top, bottom, left, right = padding
    if (top, left) == (bottom, right):
        return _pair((top, left))
    return str(padding)
