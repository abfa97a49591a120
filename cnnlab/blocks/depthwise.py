"""Convolutions that treat each channel by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cnnlab.blocks.block import Width
from cnnlab.blocks.conv import Convolutional
from cnnlab.blocks.norm import NO_NORM
from cnnlab.blocks.part import Part, image
from cnnlab.blocks.stack import chain
from cnnlab.blocks.window import Padding
from cnnlab.settings import Count, Flag, Pair, Shape

if TYPE_CHECKING:
    from torch import nn


class Depthwise(Convolutional):
    """What both kinds share."""

    kernel_size: Pair = (3, 3)
    """rows and columns of the window"""
    stride: Pair = (1, 1)
    """step of the window"""
    padding: Padding = "same"
    """same, valid, a number or a pair (rows, columns) a side, or four: top, bottom, left, right"""
    dilation: Pair = (1, 1)
    """distance between the window's taps"""
    multiplier: Count = 1
    """channels made of each one"""

    def depthwise(self, shape: Shape, **settings: Any) -> Part:
        channels = image(shape, self.block)[0]
        window = {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}
        wide = {"channels": channels * self.multiplier, "groups": channels, "dilation": self.dilation}
        return self.conv(**window, **wide, **settings)


class DepthwiseConv(Depthwise):
    """A convolution of each channel by itself, norm, activation: (C, H, W) -> (C · multiplier, ceil(H/stride), …).

    >>> DepthwiseConv(stride=2).shape((16, 32, 32))
    (16, 16, 16)
    """

    block: Literal["depthwise_conv"] = "depthwise_conv"

    def build(self, shape: Shape) -> nn.Module:
        return self.depthwise(shape).build(shape)


class SeparableConv(Depthwise):
    """A depthwise convolution, then a 1×1 one over the channels: (C, H, W) -> (channels, ceil(H/stride), …).

    Howard et al. 2017, arXiv:1704.04861, fig. 3 (MobileNet). Without `between` it is Xception's: Chollet 2016,
    arXiv:1610.02357.

    >>> SeparableConv(channels=64, stride=2).shape((32, 112, 112))
    (64, 56, 56)
    """

    block: Literal["separable_conv"] = "separable_conv"
    channels: Width
    """number of output channels"""
    between: Flag = True
    """whether norm and activation follow the depthwise convolution, too"""

    def build(self, shape: Shape) -> nn.Module:
        bare = {} if self.between else {"norm": NO_NORM, "act": "none", "bias": self.biased}
        return chain(shape, {"depthwise": self.depthwise(shape, **bare), "pointwise": self.conv(self.channels)})

    @property
    def biased(self) -> bool:
        return self.norm.kind == "none" if self.bias == "auto" else self.bias
