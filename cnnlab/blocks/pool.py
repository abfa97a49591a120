"""Pooling: windows without weights (source notes O7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit, image
from cnnlab.blocks.window import Padding, Pads, check_fits, pads
from cnnlab.settings import Flag, Pair, Shape

if TYPE_CHECKING:
    from torch import nn


class WindowedPool(Block):
    """What the two pooling windows share."""

    later: ClassVar[dict[str, Any]] = {}  # to stride is what a pool is for

    kernel_size: Pair = (2, 2)
    """rows and columns of the window"""
    stride: Pair | None = None
    """step of the window; as large as the window unless said"""
    padding: Padding = (0, 0, 0, 0)
    """same, valid, a number or a pair (rows, columns) a side, or four: top, bottom, left, right"""
    ceil_mode: Flag = False
    """whether a window that hangs over the edge counts: sizes are rounded up, not down"""

    def sides(self, shape: Shape) -> tuple[Pads, bool]:
        """The four pads and whether they differ from side to side. Raises Misfit."""
        _, rows, columns = image(shape, self.block)
        step, given = self.stride or self.kernel_size, self.padding not in ("same", "valid")
        overhang = (step[0] - 1, step[1] - 1) if self.ceil_mode else (0, 0)
        check_fits(self.block, (rows, columns), self.kernel_size, self.padding, overhang=overhang)
        top, bottom, left, right = sides = pads(self.padding, self.kernel_size, (1, 1), step, (rows, columns))
        if given and (max(top, bottom) * 2 > self.kernel_size[0] or max(left, right) * 2 > self.kernel_size[1]):
            raise Misfit(f"padding {sides} is more than half of kernel_size {self.kernel_size}")
        lopsided = (top, left) != (bottom, right)
        if (
            lopsided
            and self.ceil_mode
            and (self._overhangs(0, rows, top, bottom) or self._overhangs(1, columns, left, right))
        ):
            raise Misfit(
                "ceil_mode would add a window that lies in the padding alone; set the same padding on both sides"
            )
        return sides, lopsided

    def _overhangs(self, axis: int, size: int, before: int, behind: int) -> bool:
        """Whether the last window starts behind the image; torch drops it only where it does the padding itself."""
        step, padded = (self.stride or self.kernel_size)[axis], before + size + behind
        last = -(-(padded - self.kernel_size[axis]) // step) * step
        return before + size <= last < padded


class MaxPool(WindowedPool):
    """The largest value of each window: (C, H, W) -> (C, floor((H − k + p) / s) + 1, …).

    >>> MaxPool(kernel_size=3, stride=2, padding=1).shape((64, 112, 112))
    (64, 56, 56)
    """

    block: Literal["max_pool"] = "max_pool"

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        (top, bottom, left, right), lopsided = self.sides(shape)
        stride = self.stride or self.kernel_size
        if not lopsided:
            return nn.MaxPool2d(self.kernel_size, stride, (top, left), ceil_mode=self.ceil_mode)
        pad = nn.ConstantPad2d((left, right, top, bottom), float("-inf"))  # so that padding never wins
        return nn.Sequential(pad, nn.MaxPool2d(self.kernel_size, stride, ceil_mode=self.ceil_mode))


class AvgPool(WindowedPool):
    """The mean of each window: (C, H, W) -> (C, floor((H − k + p) / s) + 1, …).

    >>> AvgPool().shape((6, 28, 28))
    (6, 14, 14)
    """

    block: Literal["avg_pool"] = "avg_pool"
    count_include_pad: Flag = True
    """whether the padding's zeros count in the mean"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        (top, bottom, left, right), lopsided = self.sides(shape)
        stride = self.stride or self.kernel_size
        if not lopsided:
            include = self.count_include_pad
            return nn.AvgPool2d(self.kernel_size, stride, (top, left), self.ceil_mode, include)
        if not self.count_include_pad and self.padding == "same" and (top, left) == (0, 0):
            return nn.AvgPool2d(self.kernel_size, stride, ceil_mode=True, count_include_pad=False)  # what hangs over
        if not self.count_include_pad:
            raise Misfit("count_include_pad=false needs the same padding on both sides")
        pool = nn.AvgPool2d(self.kernel_size, stride, ceil_mode=self.ceil_mode)
        return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), pool)


class BlurPool(Block):
    """A binomial blur, then every stride-th position: (C, H, W) -> (C, ceil(H/stride), ceil(W/stride)).

    Zhang 2019, arXiv:1904.11486: what strides should blur first. After a max pool of stride 1 it is "MaxBlurPool".

    >>> BlurPool().shape((64, 56, 56))
    (64, 28, 28)
    """

    block: Literal["blur_pool"] = "blur_pool"
    later: ClassVar[dict[str, Any]] = {}
    kernel_size: Pair = (3, 3)
    """rows and columns of the filter"""
    stride: Pair = (2, 2)
    """step of the filter"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.modules import Blur

        _, rows, columns = image(shape, self.block)
        top, bottom, left, right = pads("same", self.kernel_size, (1, 1), self.stride, (rows, columns))
        if max(top, bottom) >= rows or max(left, right) >= columns:
            needs = f"{max(top, bottom) + 1}×{max(left, right) + 1}"
            message = (
                f"the feature map vanishes: blur_pool mirrors its edge, needs at least {needs}, has {rows}×{columns}"
            )
            raise Misfit(message, "vanishes")
        return Blur(self.kernel_size, self.stride, (left, right, top, bottom))


class GlobalAvgPool(Block):
    """The mean of each channel: (C, H, W) -> (C,). Lin et al. 2013, arXiv:1312.4400, §3.2.

    >>> GlobalAvgPool().shape((512, 7, 7))
    (512,)
    """

    block: Literal["global_avg_pool"] = "global_avg_pool"

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        image(shape, self.block)
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


class AdaptiveAvgPool(Block):
    """Means over a grid of a given size, whatever comes in: (C, H, W) -> (C, *output_size).

    >>> AdaptiveAvgPool(output_size=7).shape((512, 14, 10))
    (512, 7, 7)
    """

    block: Literal["adaptive_avg_pool"] = "adaptive_avg_pool"
    output_size: Pair
    """rows and columns of the grid"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        image(shape, self.block)
        return nn.AdaptiveAvgPool2d(self.output_size)
