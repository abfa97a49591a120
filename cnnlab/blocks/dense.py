"""The repeatable blocks of DenseNet."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from cnnlab.blocks.block import Inherits, Width
from cnnlab.blocks.conv import Convolutional
from cnnlab.blocks.merge import build_branches
from cnnlab.blocks.part import Misfit, Part, image
from cnnlab.blocks.pool import AvgPool
from cnnlab.blocks.stack import chain
from cnnlab.settings import Fraction, Natural, Pair, Shape

if TYPE_CHECKING:
    from torch import nn


class DenseBlock(Convolutional):
    """One layer of a dense block, its outputs put behind its inputs: (C, H, W) -> (C + growth, H, W).

    Huang et al. 2016, arXiv:1608.06993: norm, activation, 1×1 convolution to expansion · growth channels, norm,
    activation, 3×3 convolution to growth channels. `repeat` makes the dense block of it.

    >>> DenseBlock(growth=32, norm="batch").shape((64, 56, 56))
    (96, 56, 56)
    """

    block: Literal["dense_block"] = "dense_block"
    growth: Width
    """channels that each layer adds"""
    expansion: Natural = 4
    """inner channels divided by growth; 0: without the 1×1 convolution"""
    kernel_size: Pair = (3, 3)
    """window of the last convolution"""
    dropout: Annotated[Fraction, Inherits("dropout")] = 0.0
    """share of the new channels dropped in training"""

    def build(self, shape: Shape) -> nn.Module:
        image(shape, self.block)
        order = {"order": "norm_act_conv"}
        new: dict[str, Part] = {}
        if self.expansion:
            new["conv1"] = self.conv(self.growth * self.expansion, **order)
        new["conv2"] = self.conv(self.growth, self.kernel_size, dropout=self.dropout, **order)
        return build_branches(shape, {"old": {}, "new": new})


Compression = Annotated[float, Field(gt=0, le=1, strict=True)]


class Transition(Convolutional):
    """Norm, activation, 1×1 convolution, average pool: (C, H, W) -> (C · compression, floor(H/2), floor(W/2)).

    Huang et al. 2016, arXiv:1608.06993, §3.

    >>> Transition(norm="batch").shape((256, 56, 56))
    (128, 28, 28)
    """

    block: Literal["transition"] = "transition"
    moved: ClassVar[dict[str, str]] = {"ratio": "compression, one over it (compression: 0.5 for ratio: 2)"}
    compression: Compression = 0.5
    """share of the channels that are left, rounded down"""
    pool_size: Pair = (2, 2)
    """window and step of the pool"""

    def build(self, shape: Shape) -> nn.Module:
        there = image(shape, self.block)[0]
        channels = floor(there * self.compression + 1e-9)
        if not channels:
            raise Misfit(f"compression ({self.compression:g}) leaves none of {there} channels")
        conv = self.conv(channels, order="norm_act_conv")
        return chain(shape, {"conv": conv, "pool": AvgPool(kernel_size=self.pool_size)})

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        compression = settings.pop("compression")
        ratio = 1 / compression
        return {**settings, **({"ratio": int(ratio)} if ratio.is_integer() else {"compression": compression})}
