"""Residual blocks: a body beside a shortcut, added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from cnnlab.blocks.attention import SqueezeField
from cnnlab.blocks.block import Added, Inherits, Width
from cnnlab.blocks.conv import Convolutional, started, units
from cnnlab.blocks.merge import Rate, Shortcut, build_shortcut, build_skip, check_drop, drop_path
from cnnlab.blocks.norm import NO_NORM, Norm, act_layer, norm_layer
from cnnlab.blocks.part import Misfit, Part, Ratio, divided, image, inside, times, whole
from cnnlab.blocks.stack import after, chain_and_shapes
from cnnlab.settings import Count, Flag, Fraction, Pair, Shape

if TYPE_CHECKING:
    from torch import nn

    from cnnlab.blocks.modules import Preactivated, Skipped


class Shortened(Convolutional):
    """What residual kinds share: the shortcut, and what may be put into the body."""

    channels: Width
    """number of output channels"""
    stride: Pair = (1, 1)
    """step of the block, in its body and its shortcut"""
    dilation: Pair = (1, 1)
    """distance between the taps of windows larger than 1×1"""
    shortcut: Shortcut = "auto"
    """auto: the identity where the shape stays, else a 1×1 convolution (option B); pool: there an average pool before
    it (ResNet-D); pad: zeros for the channels that are missing (option A); none: a plain network"""
    shortcut_norm: Norm | None = None
    """normalisation of a convolutional shortcut; as the block's unless said"""
    dropout: Annotated[Fraction, Inherits("dropout")] = 0.0
    """share dropped before the last convolution (Zagoruyko & Komodakis 2016, arXiv:1605.07146, §2.4)"""
    squeeze_excite: SqueezeField | None = None
    """channels divided by the inner width of a squeeze-and-excite gate at the body's end, or {ratio: 4, of: input};
    none unless said"""
    stochastic_depth: Rate = None
    """share of the images for which the body is left out in training; as the network's unless said"""

    def gate(self, shape: Shape, place: Literal["end", "inner"] = "end") -> dict[str, Part]:
        if self.squeeze_excite is None or self.squeeze_excite.place != place:
            return {}
        return {"se": self.squeeze_excite.part(image(shape, self.block)[0], self.act, self.init)}

    def shorten(self, shape: Shape, body: Mapping[str, Part]) -> nn.Module:
        conv = self.conv(1, norm=self.shortcut_norm or self.norm)
        whole_body = {**body, **self.gate(shape)}
        module = build_skip(shape, whole_body, self.shortcut, conv, self.act, self.stochastic_depth)
        if self.init == "auto":
            quiet(module, f"{list(body)[-1]}.norm")
        return module


def quiet(module: Skipped | Preactivated, last: str) -> None:
    """Have a body beside a shortcut start quietly: at three tenths of the weights of `last`, by its path in the body.

    That is the norm after the body's last convolution, if there is one, or, with pre-activations, that convolution.
    After Goyal et al. 2017, arXiv:1706.02677, §5.1, who start the norm's weights at 0. Deep stacks need it to learn in
    few steps: at its full size a ResNet-101 has not begun after 80 of them, at a half it has a loss of 1.698, at 0.3 it
    knows its 64 images (0.001). Small networks learn the slower the quieter their bodies start: validation accuracy of
    CIFAR's ResNet-20 after five epochs .805 from a tenth, .831 from 0.3, .850 from a half (docs/learning.md).
    """
    layer = module.body
    for name in last.split("."):
        layer = getattr(layer, name, None)
    if layer is not None and layer.weight is not None and module.shortcut is not None:
        started(layer, "quiet", "none")


class Residual(Shortened):
    """Two 3×3 convolutions beside a shortcut: (C, H, W) -> (channels, ceil(H/stride), ceil(W/stride)).

    He et al. 2015, arXiv:1512.03385, fig. 2; the shortcut is the identity wherever the shape allows (option B).

    >>> Residual(channels=32, stride=2).shape((16, 32, 32))
    (32, 16, 16)
    """

    block: Literal["residual"] = "residual"
    kernel_size: Pair = (3, 3)
    """window of both convolutions"""
    groups: Count = 1
    """groups of both convolutions"""

    def build(self, shape: Shape) -> nn.Module:
        wide = {"kernel_size": self.kernel_size, "dilation": self.dilation, "groups": self.groups}
        first = self.conv(self.channels, stride=self.stride, dropout=self.dropout, **wide)
        return self.shorten(shape, {"conv1": first, "conv2": self.conv(self.channels, act="none", **wide)})


class Narrowed(Shortened):
    """What bottlenecks share: an inner width of channels / ratio.

    With `base_width`, as ResNeXt (Xie et al. 2016, arXiv:1611.05431, §4.1) and wide ResNets (Zagoruyko & Komodakis
    2016, arXiv:1605.07146) count, channels / ratio · base_width / 64 · groups.
    """

    kernel_size: Pair = (3, 3)
    """window of the middle convolution"""
    ratio: Ratio = 4
    """output channels divided by the inner width"""
    groups: Count = 1
    """groups of the middle convolution (ResNeXt's cardinality)"""
    group_width: Annotated[Count | None, Added()] = None
    """in place of groups: inner channels that each has (Radosavovic et al. 2020, arXiv:2003.13678: RegNet)"""
    base_width: Ratio | None = None
    """inner channels of each group where channels / ratio are 64 (ResNeXt's 4d, the 128 of wide_resnet50_2)"""
    stride_at: Literal["conv1", "conv2"] = "conv2"
    """the convolution that strides: conv1, the 1×1 of the paper, or conv2, the 3×3 of torchvision ("v1.5")"""

    @property
    def inner(self) -> int:
        """The inner width. Raises Misfit where a division leaves a remainder."""
        planes = divided(self.channels, self.ratio, ("channels", "ratio"))
        if self.base_width is None:
            return planes
        width = planes * self.base_width / 64
        if abs(width - round(width)) > 1e-6 or width < 1:
            raise Misfit(
                f"base_width ({self.base_width:g}) makes {planes} · {self.base_width:g} / 64 channels: not whole"
            )
        return round(width) * self.groups

    @property
    def cardinality(self) -> int:
        """Groups of the middle convolution. Raises Misfit."""
        if self.group_width is None:
            return self.groups
        return whole(self.inner, self.group_width, ("inner channels", "group_width"))

    @model_validator(mode="after")
    def _one_of_both(self) -> Narrowed:
        if self.group_width is not None and (self.groups != 1 or self.base_width is not None):
            raise ValueError(
                "group_width says how many groups there are; groups and base_width cannot be said beside it"
            )
        return self

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        unsaid = self.base_width is None and self.groups == 1 and self.group_width is None
        return {**settings, "base_width": 64} if unsaid else settings

    def narrow(self, shape: Shape) -> dict[str, Part]:
        """The first two convolutions."""
        first, second = (self.stride, (1, 1)) if self.stride_at == "conv1" else ((1, 1), self.stride)
        wide: dict[str, Any] = {"dilation": self.dilation, "groups": self.cardinality, "dropout": self.dropout}
        conv2 = self.conv(self.inner, self.kernel_size, stride=second, **wide)
        return {"conv1": self.conv(self.inner, stride=first), "conv2": conv2, **self.gate(shape, "inner")}


class Bottleneck(Narrowed):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut: (C, H, W) -> (channels, ceil(H/stride), ceil(W/stride)).

    He et al. 2015, arXiv:1512.03385, fig. 5.

    >>> Bottleneck(channels=512, stride=2).shape((256, 56, 56))
    (512, 28, 28)
    """

    block: Literal["bottleneck"] = "bottleneck"

    def build(self, shape: Shape) -> nn.Module:
        return self.shorten(shape, {**self.narrow(shape), "conv3": self.conv(self.channels, act="none")})


class Preactivation(Shortened):
    """What pre-activation blocks share: norm and activation come first, none follows the sum.

    He et al. 2016, arXiv:1603.05027, fig. 4(e).
    """

    shared: Flag | None = None
    """whether the shortcut, too, starts behind the first norm and activation; unless said, where it is a convolution"""

    def preactivate(self, shape: Shape, body: Mapping[str, Part]) -> nn.Module:
        from torch import nn

        from cnnlab.blocks.modules import Preactivated

        norm = norm_layer(self.norm, shape)
        pre = units(norm=norm, act=act_layer(self.act, shape[0], inplace=norm is not None))
        last = list(body)[-1]
        body = {**body, **self.gate(shape)}
        with inside("body"):
            inner, left = chain_and_shapes(shape, body)
        shortcut = build_shortcut(
            shape, left.last, self.shortcut, self.conv(1, norm=self.shortcut_norm or NO_NORM, bias=self.biased)
        )
        shared = not isinstance(shortcut, nn.Identity) if self.shared is None else self.shared
        drop = drop_path(self.stochastic_depth)
        check_drop(drop, shortcut)
        module = Preactivated(pre, inner, shortcut, drop, shared)
        if self.init == "auto":
            quiet(module, f"{last}.conv")
        return module

    @property
    def biased(self) -> bool:
        """Whether convolutions without a norm of their own have a bias: the next block's norm takes it away again."""
        return self.norm.kind == "none" if self.bias == "auto" else self.bias


class PreactResidual(Preactivation):
    """Norm, activation and 3×3 convolution, twice, beside a shortcut: (C, H, W) -> (channels, ceil(H/stride), …).

    He et al. 2016, arXiv:1603.05027. Put a `norm` and an `act` block behind the last one.

    >>> PreactResidual(channels=32, stride=2, norm="batch").shape((16, 32, 32))
    (32, 16, 16)
    """

    block: Literal["preact_residual"] = "preact_residual"
    kernel_size: Pair = (3, 3)
    """window of both convolutions"""
    groups: Count = 1
    """groups of both convolutions"""

    def build(self, shape: Shape) -> nn.Module:
        wide = {"kernel_size": self.kernel_size, "dilation": self.dilation, "groups": self.groups}
        first = self.conv(self.channels, stride=self.stride, dropout=self.dropout, **wide)
        second = self.conv(self.channels, norm=NO_NORM, act="none", bias=self.biased, **wide)
        return self.preactivate(shape, {"conv1": first, "conv2": second})


class PreactBottleneck(Narrowed, Preactivation):
    """Norm and activation before each of 1×1, 3×3 and 1×1 convolutions, beside a shortcut: -> (channels, …).

    He et al. 2016, arXiv:1603.05027. Put a `norm` and an `act` block behind the last one.

    >>> PreactBottleneck(channels=64, stride=2, norm="batch").shape((16, 32, 32))
    (64, 16, 16)
    """

    block: Literal["preact_bottleneck"] = "preact_bottleneck"

    def build(self, shape: Shape) -> nn.Module:
        last = self.conv(self.channels, norm=NO_NORM, act="none", bias=self.biased)
        return self.preactivate(shape, {**self.narrow(shape), "conv3": last})


def _of_what(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        said = (
            f"{{ratio: {value:g}, of: input}} (those that come in, as 0.2.0 had it) or {{ratio: {value:g}, of: gate}}"
        )
        raise ValueError(f"should say of which channels it is a share: {said}")
    return value


class InvertedResidual(Convolutional):
    """1×1 to more channels, 3×3 on each by itself, 1×1 to fewer: (C, H, W) -> (channels, ceil(H/stride), …).

    Sandler et al. 2018, arXiv:1801.04381, fig. 3 (MobileNet-v2); with squeeze-and-excite Tan & Le 2019,
    arXiv:1905.11946 (EfficientNet). The shortcut is the identity where the shape stays; else there is none.

    >>> InvertedResidual(channels=24, stride=2).shape((16, 112, 112))
    (24, 56, 56)
    """

    block: Literal["inverted_residual"] = "inverted_residual"
    channels: Width
    """number of output channels"""
    expansion: Ratio = 6
    """inner channels divided by those that come in; 1: without the first convolution"""
    inner: Annotated[Width | None, Added()] = None
    """the inner channels themselves, in place of the expansion"""
    kernel_size: Pair = (3, 3)
    """window of the depthwise convolution"""
    stride: Pair = (1, 1)
    """step of the depthwise convolution"""
    dilation: Pair = (1, 1)
    """distance between the taps of the depthwise convolution"""
    squeeze_excite: Annotated[SqueezeField | None, BeforeValidator(_of_what)] = None
    """a squeeze-and-excite gate of the inner channels: {ratio: 4, of: input} as in EfficientNets, {ratio: 4, of: gate}
    as in MobileNet-v3; none unless said"""
    fused: Annotated[Flag, Added()] = False
    """whether the first convolution and that of each channel by itself are one (Tan & Le 2021, arXiv:2104.00298)"""
    stochastic_depth: Rate = None
    """share of the images for which the body is left out in training; as the network's unless said"""

    def build(self, shape: Shape) -> nn.Module:
        channels = image(shape, self.block)[0]
        inner = self.inner or times(channels, self.expansion, ("channels in", "expansion"))
        window = {"kernel_size": self.kernel_size, "stride": self.stride, "dilation": self.dilation}
        expands = inner != channels
        body: dict[str, Part] = {"expand": self.conv(inner)} if expands and not self.fused else {}
        if self.fused:
            body |= {"fused": self.conv(inner if expands else self.channels, **window)}
        else:
            body |= {"depthwise": self.conv(inner, groups=inner, **window)}
        if self.squeeze_excite:
            body |= {"se": self.squeeze_excite.part(channels, self.act, self.init)}
        if expands or not self.fused:
            body |= {"project": self.conv(self.channels, act="none")}
        if after(shape, body) != shape:
            return build_skip(shape, body, "none", self.conv(1))
        module = build_skip(shape, body, "identity", self.conv(1), stochastic_depth=self.stochastic_depth)
        if self.init == "auto":
            quiet(module, f"{list(body)[-1]}.norm")
        return module

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        gate = settings["squeeze_excite"]
        same = isinstance(gate, dict) and gate.keys() == {"ratio", "of"}
        return {**settings, "squeeze_excite": gate["ratio"]} if same else settings
