"""Gates: what weighs the channels of an image by what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cnnlab.blocks.block import Block, Inherits, Width
from cnnlab.blocks.conv import Conv, Init
from cnnlab.blocks.norm import NO_NORM, Act
from cnnlab.blocks.part import image, whole
from cnnlab.blocks.pool import AdaptiveAvgPool
from cnnlab.blocks.stack import chain
from cnnlab.settings import Count, Shape

if TYPE_CHECKING:
    from torch import nn


class SqueezeExcite(Block):
    """Weighs each channel by a number between 0 and 1 made of all channels' means: (C, H, W), unchanged.

    Hu, Shen & Sun 2017, arXiv:1709.01507, §3: global average pool, C -> C / ratio, activation, -> C, gate, product.

    >>> SqueezeExcite(ratio=4).shape((64, 7, 7))
    (64, 7, 7)
    """

    block: Literal["squeeze_excite"] = "squeeze_excite"
    ratio: Count = 16
    """channels divided by the inner width"""
    channels: Width | None = None
    """the inner width itself, in place of the ratio"""
    act: Annotated[Act, Inherits("act")] = "relu"
    """activation of the inner layer"""
    gate: Literal["sigmoid", "hardsigmoid"] = "sigmoid"
    """what brings the weights between 0 and 1"""
    init: Annotated[Init, Inherits("init")] = "auto"
    """how weights start"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.modules import Gated

        channels = image(shape, self.block)[0]
        inner = self.channels or whole(channels, self.ratio, ("channels", "ratio"))
        squeeze = self.conv(inner, self.act)
        excite = self.conv(channels, self.gate)
        return Gated(chain(shape, {"pool": AdaptiveAvgPool(output_size=(1, 1)), "squeeze": squeeze, "excite": excite}))

    def conv(self, channels: int, act: Act) -> Conv:
        return Conv(channels=channels, kernel_size=(1, 1), norm=NO_NORM, bias=True, act=act, init=self.init)
