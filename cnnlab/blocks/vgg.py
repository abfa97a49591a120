"""The repeatable blocks of VGG and NiN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import field_validator

from cnnlab.blocks.block import Block, Sized, Width
from cnnlab.blocks.conv import Convolutional
from cnnlab.blocks.pool import MaxPool
from cnnlab.blocks.stack import chain
from cnnlab.blocks.window import Padding
from cnnlab.settings import Pair, Shape

if TYPE_CHECKING:
    from torch import nn


class Vgg(Convolutional):
    """`repeat` 3×3 convolutions, then one 2×2 max pool: (C, H, W) -> (channels, floor(H/2), floor(W/2)).

    Simonyan & Zisserman 2014, arXiv:1409.1556, table 1. The pool closes the block however many convolutions there are.
    """

    block: Literal["vgg"] = "vgg"
    channels: Width
    """number of output channels of each convolution"""
    kernel_size: Pair = (3, 3)
    """rows and columns of each convolution's window"""
    padding: Padding = "same"
    """padding of each convolution"""
    pool_size: Pair = (2, 2)
    """window and step of the max pool"""

    def build(self, shape: Shape) -> nn.Module:
        return self.conv(self.channels, self.kernel_size, padding=self.padding).build(shape)

    def closing(self) -> dict[str, Block]:
        return {"pool": MaxPool(kernel_size=self.pool_size)}


class Nin(Convolutional):
    """A convolution, then two 1×1 convolutions, each with its activation: (C, H, W) -> (channels, …).

    Lin et al. 2013, arXiv:1312.4400, §3.1: the 1×1 convolutions are a small network that every position shares.

    >>> Nin(channels=(192, 160, 96), kernel_size=5).shape((3, 32, 32))
    (96, 32, 32)
    """

    block: Literal["nin"] = "nin"
    channels: Annotated[tuple[Width, Width, Width], Sized(scaled=True)]
    """output channels of the three convolutions; one number stands for all three"""
    kernel_size: Pair = (3, 3)
    """window of the first convolution"""
    stride: Pair = (1, 1)
    """step of the first convolution"""
    padding: Padding = "same"
    """padding of the first convolution"""

    @field_validator("channels", mode="before", json_schema_input_type=Width | tuple[Width, Width, Width])
    @classmethod
    def _three(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            if len(value) != 3:
                raise ValueError(f"should be one number or three, one for each convolution, not {len(value)}")
            return tuple(value)
        return (value, value, value)

    def build(self, shape: Shape) -> nn.Module:
        first, second, third = self.channels
        conv = self.conv(first, self.kernel_size, stride=self.stride, padding=self.padding)
        return chain(shape, {"conv": conv, "mlp1": self.conv(second), "mlp2": self.conv(third)})
