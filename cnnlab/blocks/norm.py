"""Normalisation and activation, as settings of a block and as blocks of their own."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, TypeAdapter, model_validator

from cnnlab.blocks.block import Block, Inherits
from cnnlab.blocks.part import Misfit, image
from cnnlab.settings import Count, Flag, Positive, Settings, Shape, shown
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import nn


NormKind = Literal["batch", "group", "layer", "channel_layer", "instance", "none"]


class NormSettings(Settings):
    """`norm: batch`, or `norm: {kind: group, groups: 8}` where more is to be said."""

    shorthand: ClassVar[str] = "kind"
    kind: NormKind
    """batch: Ioffe & Szegedy 2015, arXiv:1502.03167. group: Wu & He 2018, arXiv:1803.08494. layer: one group, that is
    over channels, rows and columns together. channel_layer: over the channels at each position by itself, as ConvNeXt's
    layer norm, arXiv:2201.03545. instance: each channel of each image by itself. none: deliberately none"""
    groups: Count | None = None
    """number of groups of group norm (32 unless said)"""
    eps: Positive = 1e-5
    """added to the variance"""
    momentum: Positive = 0.1
    """weight of the newest batch in batch norm's running statistics"""

    @model_validator(mode="after")
    def _groups_are_of_group_norm(self) -> NormSettings:
        if self.groups is not None and self.kind != "group":
            raise ValueError(f"groups is a setting of group norm, not of {self.kind} norm")
        return self


def _norm(value: Any) -> Any:
    if value is False or value is None:
        raise ValueError("write none for no norm (YAML reads off and no as false)")
    if not isinstance(value, str | dict | NormSettings):
        raise ValueError(
            f"should be batch, group, layer, channel_layer, instance, none or {{kind: …}}, not {shown(value)}"
        )
    return {"kind": value} if isinstance(value, str) else value


Norm = Annotated[NormSettings, BeforeValidator(_norm, json_schema_input_type=NormKind | NormSettings)]
NO_NORM = NormSettings(kind="none")

ActName = Literal[
    "relu",
    "sigmoid",
    "tanh",
    "gelu",
    "silu",
    "leaky_relu",
    "elu",
    "relu6",
    "hardswish",
    "hardsigmoid",
    "mish",
    "softplus",
    "prelu",
    "none",
]
OWN_SETTINGS = {"slope": ("leaky_relu", "prelu"), "alpha": ("elu",), "shared": ("prelu",)}
"""setting of activations -> those that have it"""


class ActSettings(Settings):
    """`act: relu`, or `act: {kind: leaky_relu, slope: 0.1}` where more is to be said."""

    shorthand: ClassVar[str] = "kind"
    hashed_short: ClassVar[bool] = True
    kind: ActName
    """which activation"""
    slope: Positive | None = None
    """of leaky_relu below zero (0.01 unless said); of prelu, where it is learned, the one it starts from (0.25)"""
    alpha: Positive | None = None
    """of elu: minus the value it tends to (1 unless said)"""
    shared: Flag = False
    """of prelu: whether all channels share one slope (He et al. 2015, arXiv:1502.01852, §2.1)"""

    @model_validator(mode="after")
    def _of_its_kind(self) -> ActSettings:
        for name, kinds in OWN_SETTINGS.items():
            if getattr(self, name) and self.kind not in kinds:
                raise ValueError(f"{name} is a setting of {' and '.join(kinds)}, not of {self.kind}")
        return self


_WORD: TypeAdapter[ActName] = TypeAdapter(ActName)


def _act(value: Any) -> ActName | ActSettings:
    """A word where nothing more is said: `{kind: relu}` is `relu`."""
    if not isinstance(value, dict | ActSettings):
        return _WORD.validate_python(value)
    settings = value if isinstance(value, ActSettings) else ActSettings.model_validate(value)
    return settings.kind if settings == ActSettings(kind=settings.kind) else settings


def _plain(act: ActName | ActSettings) -> str | dict[str, Any]:
    return act.model_dump(exclude_defaults=True) if isinstance(act, ActSettings) else act


Act = Annotated[
    ActName | ActSettings,
    PlainValidator(_act, json_schema_input_type=ActName | ActSettings),
    PlainSerializer(_plain),
]


def kind_of_act(act: Act) -> ActName:
    return act.kind if isinstance(act, ActSettings) else act


def norm_layer(norm: NormSettings, shape: Shape) -> nn.Module | None:
    """The layer that normalises (C, H, W) or (F,); None for no norm. Raises Misfit."""
    from torch import nn

    channels, flat = shape[0], len(shape) == 1
    match norm.kind:
        case "none":
            return None
        case "batch":
            return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(channels, norm.eps, norm.momentum)
        case "layer":
            check_enough(norm.kind, prod(shape))
            return nn.LayerNorm(channels, norm.eps) if flat else nn.GroupNorm(1, channels, norm.eps)
        case "channel_layer":
            check_enough("channel layer", channels)
            return (nn.LayerNorm if flat else _channel_layer_norm())(channels, norm.eps)
        case "group":
            groups = norm.groups or 32
            if channels % groups:
                legal = ", ".join(str(n) for n in range(1, min(channels, 4096) + 1) if channels % n == 0)
                raise Misfit(
                    f"group norm cannot split {channels} channels into {groups} groups; "
                    f"write {{kind: group, groups: N}} with N one of {legal}",
                    "norm",
                )
            check_enough(norm.kind, prod(shape) // groups)
            return nn.GroupNorm(groups, channels, norm.eps)
        case "instance":
            if flat:
                raise Misfit(f"instance norm takes an image, gets {dims(shape)} numbers", "norm")
            check_enough(norm.kind, shape[1] * shape[2])
            return nn.InstanceNorm2d(channels, norm.eps, affine=True)


def _channel_layer_norm() -> type[nn.LayerNorm]:
    from cnnlab.blocks.channel_modules import ChannelLayerNorm

    return ChannelLayerNorm


def check_enough(kind: str, numbers: int) -> None:
    """Raise a Misfit where so many numbers, normalised together, are all the same afterwards."""
    if numbers == 1:
        raise Misfit(f"{kind} norm would take its mean over one number, and leave nothing of it", "norm")


def act_layer(act: Act, channels: int, inplace: bool = False) -> nn.Module | None:
    """The activation's layer, for so many channels; None for none."""
    from torch import nn

    said = act if isinstance(act, ActSettings) else ActSettings(kind=act)
    match said.kind:
        case "none":
            return None
        case "prelu":
            return nn.PReLU(1 if said.shared else channels, said.slope or 0.25)
        case "leaky_relu" if said.slope:
            return nn.LeakyReLU(said.slope, inplace)
        case "elu" if said.alpha:
            return nn.ELU(said.alpha, inplace)
        case "relu" | "leaky_relu" | "elu" | "relu6" | "silu" | "mish" | "hardswish" | "hardsigmoid":
            layer = {
                "relu": nn.ReLU,
                "leaky_relu": nn.LeakyReLU,
                "elu": nn.ELU,
                "relu6": nn.ReLU6,
                "silu": nn.SiLU,
                "mish": nn.Mish,
                "hardswish": nn.Hardswish,
                "hardsigmoid": nn.Hardsigmoid,
            }[said.kind]
            return layer(inplace=inplace)
        case _:
            return {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "gelu": nn.GELU, "softplus": nn.Softplus}[said.kind]()


class NormBlock(Block):
    """Normalisation alone, of the kind that the network around it uses: any shape, unchanged."""

    block: Literal["norm"] = "norm"
    norm: Annotated[Norm, Inherits("norm")] = NormSettings(kind="batch")
    """which normalisation"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return norm_layer(self.norm, shape) or nn.Identity()


class Lrn(Block):
    """Local response normalisation, over neighbouring channels: (C, H, W), unchanged.

    Krizhevsky, Sutskever & Hinton 2012, doi:10.1145/3065386, §3.3, and its constants. torch divides its `alpha` by
    `size`; here it is the paper's, which multiplies the plain sum of squares.
    """

    block: Literal["lrn"] = "lrn"
    size: Count = 5
    """number of neighbouring channels"""
    alpha: Positive = 1e-4
    """factor of the sum of squares"""
    beta: Positive = 0.75
    """exponent"""
    k: Positive = 2.0
    """added to the sum"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        image(shape, self.block)
        return nn.LocalResponseNorm(self.size, self.alpha * self.size, self.beta, self.k)


class Grn(Block):
    """Global response normalisation: channels that respond more than others over the whole map are raised: unchanged.

    Woo et al. 2023, arXiv:2301.00808, algorithm 1 (ConvNeXt-v2): x + shift + gain · x · n, n a channel's size over all
    positions, divided by the mean of all channels'; gain and shift start at 0.

    >>> Grn().shape((384, 14, 14))
    (384, 14, 14)
    """

    block: Literal["grn"] = "grn"
    eps: Positive = 1e-6
    """added to the mean of the channels' sizes"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import ResponseNorm

        return ResponseNorm(image(shape, self.block)[0], self.eps)


class ActBlock(Block):
    """Activation alone, of the kind that the network around it uses: any shape, unchanged."""

    block: Literal["act"] = "act"
    act: Annotated[Act, Inherits("act")] = "relu"
    """which activation"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return act_layer(self.act, shape[0]) or nn.Identity()  # not in place: its input may have other readers
