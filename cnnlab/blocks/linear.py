"""The dense part: flattening, fully connected layers, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cnnlab.blocks.block import Block, Features, Inherits
from cnnlab.blocks.conv import Bias, Init, started, units
from cnnlab.blocks.norm import NO_NORM, Act, Norm, act_layer, norm_layer
from cnnlab.blocks.part import Misfit, image
from cnnlab.settings import Fraction, Shape
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import nn


class Flatten(Block):
    """All positions of all channels in one row: (C, H, W) -> (C·H·W,).

    >>> Flatten().shape((16, 5, 5))
    (400,)
    """

    block: Literal["flatten"] = "flatten"

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        image(shape, self.block)
        return nn.Flatten()


class Linear(Block):
    """Fully connected layer, norm, activation: (F,) -> (features,).

    A layer of `features: classes` is the network's output: it inherits no norm, activation or dropout, but has them
    where it says so itself.

    >>> Linear(features=120).shape((400,))
    (120,)
    """

    block: Literal["linear"] = "linear"
    features: Features
    """number of outputs"""
    norm: Annotated[Norm, Inherits("head_norm")] = NO_NORM
    """normalisation; follows `head_norm`, not `norm`"""
    act: Annotated[Act, Inherits("act")] = "relu"
    """activation, after the norm"""
    bias: Annotated[Bias, Inherits("bias")] = "auto"
    """whether a bias is added; auto: where there is no norm, which would subtract it again"""
    init: Annotated[Init, Inherits("init")] = "auto"
    """how weights start; auto: with the gain of the activation that follows (He et al. 2015, arXiv:1502.01852), as
    looks_linear does, which is of convolutions"""
    dropout: Annotated[Fraction, Inherits("dropout")] = 0.0
    """share of the outputs dropped in training"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        if len(shape) != 1:
            raise Misfit(
                f"linear takes a row of numbers, gets an image {dims(shape)}; flatten or pool it before", "flat"
            )
        norm = norm_layer(self.norm, (self.features,))
        linear = nn.Linear(shape[0], self.features, bias=norm is None if self.bias == "auto" else self.bias)
        return units(
            linear=started(linear, self.init, self.act),
            norm=norm,
            act=act_layer(self.act, self.features, inplace=True),
            dropout=nn.Dropout(self.dropout) if self.dropout else None,
        )


class Dropout(Block):
    """Drops a share of its inputs in training: any shape, unchanged. Srivastava et al. 2014, JMLR 15."""

    block: Literal["dropout"] = "dropout"
    p: Annotated[Fraction, Inherits("dropout")] = 0.5
    """share of the inputs dropped in training"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Dropout(self.p)
