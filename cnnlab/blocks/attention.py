"""Gates: what weighs the channels of an image by what is in it."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Added, Block, Inherits, Width
from cnnlab.blocks.conv import Conv, Init, started
from cnnlab.blocks.norm import NO_NORM, Act
from cnnlab.blocks.part import Misfit, Ratio, divided, divisible, image
from cnnlab.blocks.stack import chain
from cnnlab.settings import Count, Flag, Settings, Shape

if TYPE_CHECKING:
    from torch import nn

Gate = Literal["sigmoid", "hardsigmoid"]
Summary = Literal["mean", "max", "both"]


class SqueezeExcite(Block):
    """Weighs each channel by a number between 0 and 1 made of all channels' means: (C, H, W), unchanged.

    Hu, Shen & Sun 2017, arXiv:1709.01507, §3: global average pool, C -> C / ratio, activation, -> C, gate, product.

    >>> SqueezeExcite(ratio=4).shape((64, 7, 7))
    (64, 7, 7)
    """

    block: Literal["squeeze_excite"] = "squeeze_excite"
    moved: ClassVar[dict[str, str]] = {"channels": "inner"}
    ratio: Ratio = 16
    """channels that are weighed, divided by the inner width"""
    inner: Width | None = None
    """the inner width itself, in place of the ratio"""
    act: Annotated[Act, Inherits("act")] = "relu"
    """activation of the inner layer"""
    gate: Gate = "sigmoid"
    """what brings the weights between 0 and 1"""
    init: Annotated[Init, Inherits("init")] = "auto"
    """how weights start"""
    divisor: Annotated[Count | None, Added()] = None
    """the inner width is rounded to its multiples, as in MobileNet-v3; unless set, one that is not whole is a fault"""
    layers: Annotated[Literal[1, 2], Added()] = 2
    """1: one layer from all channels to all, without an inner one (Lee & Park 2019, arXiv:1911.06667)"""
    pool: Annotated[Summary, Added()] = "mean"
    """what is seen of each channel; both: what the same layers make of mean and maximum, summed (arXiv:1807.06521)"""
    bias: Annotated[Flag, Added()] = True
    """whether its layers add a bias"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.modules import Gated

        channels = image(shape, self.block)[0]
        excite = self.conv(channels, "none" if self.pool == "both" else self.gate)
        squeeze = {"squeeze": self.conv(self.width(channels), self.act)} if self.layers == 2 else {}
        layers = chain((channels, 1, 1), {**squeeze, "excite": excite})
        return Gated(_of_summary(self.pool, self.gate, layers))

    def width(self, channels: int) -> int:
        """The inner width for so many channels. Raises Misfit."""
        if self.inner is not None:
            return self.inner
        if self.divisor is not None:
            return divisible(channels / self.ratio, self.divisor)
        return divided(channels, self.ratio, ("channels", "ratio"))

    def conv(self, channels: int, act: Act) -> Conv:
        return Conv(channels=channels, kernel_size=(1, 1), norm=NO_NORM, bias=self.bias, act=act, init=self.init)

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {("channels" if name == "inner" else name): value for name, value in settings.items()}


def _of_summary(pool: Summary, gate: Gate, layers: nn.Sequential) -> nn.Module:
    """The weights of the channels: `layers` over what is seen of each."""
    from torch import nn

    from cnnlab.blocks.modules import Chain, SummedGate

    if pool == "both":
        return SummedGate(layers, gate)
    net = Chain()
    net.append_as("pool", nn.AdaptiveAvgPool2d((1, 1)) if pool == "mean" else nn.AdaptiveMaxPool2d((1, 1)))
    for name, layer in layers.named_children():
        net.append_as(name, layer)
    return net


class Squeeze(Settings):
    """`squeeze_excite: 16`, or `{ratio: 4, of: input}` where more is to be said: a gate inside of a block."""

    shorthand: ClassVar[str] = "ratio"
    hashed_short: ClassVar[bool] = True
    ratio: Ratio = 16
    """channels that it weighs, divided by its inner width"""
    inner: Width | None = None
    """the inner width itself, in place of the ratio"""
    of: Literal["gate", "input"] = "gate"
    """whose channels the ratio divides: those that the gate weighs, or those that come into the block"""
    place: Literal["end", "inner"] = "end"
    """of bottlenecks: at the body's end, or between the middle convolution and the last one (RegNet-Y)"""
    act: Act | None = None
    """activation of the inner layer; as the block's unless said"""
    gate: Gate = "sigmoid"
    """what brings the weights between 0 and 1"""
    divisor: Count | None = None
    """the inner width is rounded to its multiples; unless set, one that is not whole is a fault"""
    layers: Literal[1, 2] = 2
    """1: one layer from all channels to all, without an inner one"""
    pool: Summary = "mean"
    """what is seen of each channel: its mean, its maximum, or both"""
    bias: Flag = True
    """whether its layers add a bias"""

    def part(self, channels_in: int, act: Act, init: Init) -> SqueezeExcite:
        """The gate of a block into which `channels_in` come. Raises Misfit."""
        same = {name: getattr(self, name) for name in ("gate", "divisor", "layers", "pool", "bias")}
        return SqueezeExcite(ratio=self.ratio, inner=self.width(channels_in), act=self.act or act, init=init, **same)

    def width(self, channels_in: int) -> int | None:
        if self.inner is not None or self.of == "gate":
            return self.inner
        if self.divisor is not None:
            return divisible(channels_in / self.ratio, self.divisor)
        return divided(channels_in, self.ratio, ("channels in", "squeeze_excite"))


def _squeeze(value: Any) -> Any:
    return value if isinstance(value, dict | Squeeze) else {"ratio": value}


SqueezeField = Annotated[Squeeze, BeforeValidator(_squeeze, json_schema_input_type=float | Squeeze)]


class ChannelConv(Block):
    """A convolution along the channels, the same at each position: (C, H, W), unchanged.

    Wang et al. 2019, arXiv:1910.03151, §3.2 (ECA): after a pool to 1×1 and before a sigmoid, a gate of few weights.

    >>> ChannelConv().shape((256, 1, 1))
    (256, 1, 1)
    """

    block: Literal["channel_conv"] = "channel_conv"
    kernel_size: Literal["auto"] | Count = "auto"
    """how many neighbouring channels it looks at, an odd number; auto: the nearest odd one of (log2(C) + 1) / 2"""
    bias: Flag = False
    """whether a bias is added"""
    init: Annotated[Init, Inherits("init")] = "auto"
    """how weights start"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import ChannelConvolved

        size = self.kernel_size
        if size == "auto":
            near = int(abs(log2(image(shape, self.block)[0]) + 1) / 2)
            size = near if near % 2 else near + 1
        if size % 2 == 0:
            raise Misfit(f"kernel_size ({size}) should be odd: as many channels before as behind")
        return started(ChannelConvolved(size, self.bias), self.init, "sigmoid")
