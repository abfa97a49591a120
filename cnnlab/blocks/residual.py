"""Residual blocks: a body beside a shortcut, added, then the activation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from cnnlab.blocks.base import Inherits, Misfit, Part, Width
from cnnlab.blocks.conv import Convolutional
from cnnlab.blocks.merge import Shortcut, shortened
from cnnlab.blocks.norm import Norm, act_layer
from cnnlab.settings import Count, Fraction, Pair, Shape

if TYPE_CHECKING:
    from torch import nn


class Shortened(Convolutional):
    """What residual kinds share: the shortcut, and the activation after the sum."""

    channels: Width
    """number of output channels"""
    stride: Pair = (1, 1)
    """step of the block, in its body and its shortcut"""
    shortcut: Shortcut = "auto"
    """auto: the identity where the shape stays, else a 1×1 convolution (option B); none: a plain network"""
    shortcut_norm: Norm | None = None
    """normalisation of a convolutional shortcut; as the block's unless said"""
    dropout: Annotated[Fraction, Inherits("dropout")] = 0.0
    """share dropped before the last convolution (Zagoruyko & Komodakis 2016, arXiv:1605.07146, §2.4)"""

    def shorten(self, shape: Shape, body: Mapping[str, Part]) -> nn.Module:
        conv = self.conv(1, norm=self.shortcut_norm or self.norm)
        return shortened(shape, body, self.shortcut, conv, act_layer(self.act, inplace=True))


class Residual(Shortened):
    """Two 3×3 convolutions beside a shortcut: (C, H, W) -> (channels, ceil(H/stride), ceil(W/stride)).

    He et al. 2015, arXiv:1512.03385, fig. 2; the shortcut is the identity wherever the shape allows (option B).

    >>> Residual(channels=32, stride=2).shape((16, 32, 32))
    (32, 16, 16)
    """

    block: Literal["residual"] = "residual"
    kernel_size: Pair = (3, 3)
    """window of both convolutions"""

    def build(self, shape: Shape) -> nn.Module:
        first = self.conv(self.channels, self.kernel_size, stride=self.stride, dropout=self.dropout)
        return self.shorten(shape, {"conv1": first, "conv2": self.conv(self.channels, self.kernel_size, act="none")})


class Bottleneck(Shortened):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut: (C, H, W) -> (channels, ceil(H/stride), ceil(W/stride)).

    He et al. 2015, arXiv:1512.03385, fig. 5, with the stride on the 3×3 as torchvision has it ("v1.5"). The inner width
    is channels / ratio · base_width / 64 · groups: ResNeXt (arXiv:1611.05431) and wide ResNets (arXiv:1605.07146).

    >>> Bottleneck(channels=512, stride=2).shape((256, 56, 56))
    (512, 28, 28)
    """

    block: Literal["bottleneck"] = "bottleneck"
    kernel_size: Pair = (3, 3)
    """window of the middle convolution"""
    ratio: Count = 4
    """output channels divided by the inner width"""
    groups: Count = 1
    """groups of the middle convolution (ResNeXt's cardinality)"""
    base_width: Count = 64
    """inner channels a group for 64 planes (ResNeXt's 4d, the 128 of wide_resnet50_2)"""

    @property
    def inner(self) -> int:
        """The inner width. Raises Misfit where a division leaves a remainder."""
        planes, rest = divmod(self.channels, self.ratio)
        if rest:
            raise Misfit(f"ratio ({self.ratio}) must divide channels ({self.channels})")
        width, rest = divmod(planes * self.base_width, 64)
        if rest or not width:
            raise Misfit(f"base_width ({self.base_width}) makes {planes} · {self.base_width} / 64 channels: not whole")
        return width * self.groups

    def build(self, shape: Shape) -> nn.Module:
        middle = self.conv(self.inner, self.kernel_size, stride=self.stride, groups=self.groups, dropout=self.dropout)
        body = {"conv1": self.conv(self.inner), "conv2": middle, "conv3": self.conv(self.channels, act="none")}
        return self.shorten(shape, body)
