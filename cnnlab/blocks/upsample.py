"""What makes maps larger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Block, Width
from cnnlab.blocks.conv import Convolutional, started, units
from cnnlab.blocks.norm import act_layer, norm_layer
from cnnlab.blocks.part import Misfit, image
from cnnlab.settings import Count, Natural, Pair, Shape, shown

if TYPE_CHECKING:
    from torch import nn


class Upsample(Block):
    """Positions repeated, or numbers worked out between them: (C, H, W) -> (C, H · factor, W · factor).

    >>> Upsample(factor=2).shape((64, 14, 14))
    (64, 28, 28)
    """

    block: Literal["upsample"] = "upsample"
    later: ClassVar[dict[str, Any]] = {}
    factor: Pair = (2, 2)
    """how many times as many rows and columns"""
    mode: Literal["nearest", "bilinear"] = "nearest"
    """nearest: each position repeated; bilinear: weighted means of the nearest four (torch's align_corners=False)"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        image(shape, self.block)
        return nn.Upsample(scale_factor=tuple(map(float, self.factor)), mode=self.mode)


def _sides(value: Any) -> Any:
    if value == "same" or (type(value) is int and value >= 0):
        return value if value == "same" else (value, value)
    pair = tuple(value) if isinstance(value, list | tuple) else ()
    if len(pair) == 2 and all(type(n) is int and n >= 0 for n in pair):
        return pair
    raise ValueError(f"should be same, a whole number or a pair (rows, columns), not {shown(value)}")


Cut = Annotated[
    Literal["same"] | tuple[Natural, Natural],
    BeforeValidator(_sides, json_schema_input_type=Literal["same"] | Natural | tuple[Natural, Natural]),
]


class ConvTranspose(Convolutional):
    """Transposed convolution, norm, activation: (C, H, W) -> (channels, H · stride, W · stride) under `same` padding.

    In general (H − 1) · s + d·(k − 1) + 1 − 2·padding rows. Dumoulin & Visin 2016, arXiv:1603.07285, §4.

    >>> ConvTranspose(channels=16).shape((32, 14, 14))
    (16, 28, 28)
    """

    block: Literal["conv_transpose"] = "conv_transpose"
    later: ClassVar[dict[str, Any]] = {}
    channels: Width
    """number of output channels"""
    kernel_size: Pair = (2, 2)
    """rows and columns of the window"""
    stride: Pair = (2, 2)
    """how many times as many rows and columns"""
    padding: Cut = "same"
    """what is cut off on each side; same: so much that stride times as many rows and columns are left"""
    dilation: Pair = (1, 1)
    """distance between the window's taps"""
    groups: Count = 1
    """number of groups of channels that do not see each other"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        channels, *size = image(shape, self.block)
        if channels % self.groups or self.channels % self.groups:
            raise Misfit(f"groups ({self.groups}) must divide {channels} channels in and {self.channels} out")
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation, strict=True)]
        more = [span - stride for span, stride in zip(spans, self.stride, strict=True)]
        cut: Any = self.padding if self.padding != "same" else tuple(max(0, -(-n // 2)) for n in more)
        added: Any = tuple(2 * c - n if self.padding == "same" else 0 for c, n in zip(cut, more, strict=True))
        if any(a >= max(s, d) for a, s, d in zip(added, self.stride, self.dilation, strict=True) if a):
            wide = f"no padding alike on both sides leaves stride ({self.stride[0]}, {self.stride[1]}) times as many"
            raise Misfit(f"{wide} rows and columns with this window; write the padding as a number")
        out = [(n - 1) * s + span - 2 * c for n, s, span, c in zip(size, self.stride, spans, cut, strict=True)]
        if min(out) < 1:
            raise Misfit(f"the feature map vanishes: padding cuts off all of {size[0]}×{size[1]}", "vanishes")
        left = (self.channels, *(n + a for n, a in zip(out, added, strict=True)))
        norm = norm_layer(self.norm, left)
        conv = nn.ConvTranspose2d(
            channels,
            self.channels,
            self.kernel_size,
            self.stride,
            cut,
            added,
            groups=self.groups,
            bias=norm is None if self.bias == "auto" else self.bias,
            dilation=self.dilation,
        )
        return units(conv=started(conv, self.init, self.act), norm=norm, act=act_layer(self.act, self.channels, True))
