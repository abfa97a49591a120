"""The convolution, and what every kind made of convolutions shares."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Added, Block, Inherits, Width
from cnnlab.blocks.norm import NO_NORM, Act, Norm, act_layer, kind_of_act, norm_layer
from cnnlab.blocks.part import Misfit, image
from cnnlab.blocks.window import Padding, Pads, check_fits, pads
from cnnlab.settings import Count, Fraction, Pair, Shape, shown

if TYPE_CHECKING:
    from torch import nn


def _bias(value: Any) -> Any:
    if value == "auto" or isinstance(value, bool):
        return value
    raise ValueError(f"should be true, false or auto, not {shown(value)}")


Bias = Annotated[Literal["auto"] | bool, BeforeValidator(_bias)]
Order = Literal["conv_norm_act", "norm_act_conv", "conv_act_norm"]
Init = Literal[
    "auto",
    "default",
    "kaiming_normal",
    "kaiming_uniform",
    "xavier_normal",
    "xavier_uniform",
    "orthogonal",
    "looks_linear",
]


Standardize = Literal["none", "weights", "scaled"]


class Convolutional(Block):
    """The settings that every kind made of convolutions takes from the network around it."""

    norm: Annotated[Norm, Inherits("norm")] = NO_NORM
    """normalisation after each convolution"""
    act: Annotated[Act, Inherits("act")] = "relu"
    """activation, after the norm"""
    bias: Annotated[Bias, Inherits("bias")] = "auto"
    """whether convolutions add a bias; auto: only those without a norm, which would subtract it again"""
    init: Annotated[Init, Inherits("init")] = "auto"
    """how weights start; auto: with the gain of the activation that follows (He et al. 2015, arXiv:1502.01852);
    looks_linear: in pairs that cancel its kinks, for deep networks without shortcuts (arXiv:1702.08591)"""
    standardize: Annotated[Standardize, Inherits("standardize"), Added()] = "none"
    """whether the weights of each output channel are brought to mean 0 and variance 1 before they are used: weights, as
    Qiao et al. 2019, arXiv:1903.10520; scaled: also divided by the root of their number and times a learned gain, as
    Brock, De & Smith 2021, arXiv:2101.08692 (NFNet)"""

    def conv(self, channels: int, kernel_size: Any = 1, **settings: Any) -> Conv:
        """A convolution with this block's norm, activation, bias and initialisation."""
        shared = {name: getattr(self, name) for name in ("norm", "act", "bias", "init", "standardize")}
        return Conv(**{**shared, "channels": channels, "kernel_size": kernel_size, **settings})


class Conv(Convolutional):
    """Convolution, norm, activation: (C, H, W) -> (channels, ceil(H/stride), ceil(W/stride)) under `same` padding.

    In general floor((H − k + p + s) / s) rows, with p the total padding (Dive into Deep Learning, §7.3).

    >>> Conv(channels=16, stride=2).shape((3, 32, 32))
    (16, 16, 16)
    """

    block: Literal["conv"] = "conv"
    channels: Width
    """number of output channels"""
    kernel_size: Pair = (3, 3)
    """rows and columns of the window"""
    stride: Pair = (1, 1)
    """step of the window"""
    padding: Padding = "same"
    """same, valid, a number or a pair (rows, columns) a side, or four: top, bottom, left, right; under same, windows no
    larger than their step tile the image from its first pixel"""
    dilation: Pair = (1, 1)
    """distance between the window's taps"""
    groups: Count = 1
    """number of groups of channels that do not see each other"""
    dropout: Fraction = 0.0
    """share of the outputs dropped in training"""
    order: Order = "conv_norm_act"
    """what comes after what; norm_act_conv: He et al. 2016, arXiv:1603.05027, §4 ("pre-activation")"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        from cnnlab.blocks.modules import Conv2d, ScaledConv2d, StandardizedConv2d

        channels, rows, columns = image(shape, self.block)
        if channels % self.groups or self.channels % self.groups:
            raise Misfit(f"groups ({self.groups}) must divide {channels} channels in and {self.channels} out")
        check_fits(self.block, (rows, columns), self.kernel_size, self.padding, self.dilation)
        top, bottom, left, right = self.pads(rows, columns)
        lopsided = (top, left) != (bottom, right)
        first = self.order == "norm_act_conv"
        norm = norm_layer(self.norm, shape if first else (self.channels, *self.out_size(rows, columns)))
        kinds = {"none": Conv2d, "weights": StandardizedConv2d, "scaled": ScaledConv2d}
        conv = kinds[self.standardize](
            channels,
            self.channels,
            self.kernel_size,
            self.stride,
            padding=0 if lopsided else (top, left),
            dilation=self.dilation,
            groups=self.groups,
            bias=norm is None if self.bias == "auto" else self.bias,
        )
        parts = {
            "pad": nn.ZeroPad2d((left, right, top, bottom)) if lopsided else None,
            "conv": started(conv, self.init, self.act),
            "norm": norm,
            # never in place of the block's input
            "act": act_layer(self.act, channels if first else self.channels, inplace=not first or norm is not None),
            "dropout": nn.Dropout(self.dropout) if self.dropout else None,
        }
        return units(**{name: parts[name] for name in ORDERS[self.order]})

    def pads(self, rows: int, columns: int) -> Pads:
        return pads(self.padding, self.kernel_size, self.dilation, self.stride, (rows, columns))

    def out_size(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns it leaves: floor((n − d·(k − 1) − 1 + p) / s) + 1."""
        top, bottom, left, right = self.pads(rows, columns)
        (h, w), (s, t), (d, e) = self.kernel_size, self.stride, self.dilation
        return (rows - d * (h - 1) - 1 + top + bottom) // s + 1, (columns - e * (w - 1) - 1 + left + right) // t + 1


ORDERS: dict[Order, tuple[str, ...]] = {
    "conv_norm_act": ("pad", "conv", "norm", "act", "dropout"),
    "norm_act_conv": ("norm", "act", "pad", "conv", "dropout"),
    "conv_act_norm": ("pad", "conv", "act", "norm", "dropout"),
}


def units(**modules: nn.Module | None) -> nn.Sequential:
    """The modules that are there, in order, under their names."""
    from torch import nn

    return nn.Sequential(OrderedDict((name, module) for name, module in modules.items() if module is not None))


def started(layer: nn.Module, init: Init | Literal["quiet"], act: Act) -> nn.Module:
    """Leave a note on `layer` how its weights start; `network.start` reads it once every layer knows its path."""
    layer.start = (init, kind_of_act(act))  # type: ignore[assignment]
    return layer
