"""What one of torch's layers does, in a word or two, as figures in papers name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import nn

from cnnlab.blocks.channel_modules import (
    ChannelConvolved,
    ChannelLayerNorm,
    ChannelPooled,
    Complemented,
    ResponseNorm,
    Scaled,
    Sliced,
)
from cnnlab.blocks.modules import Blur, PadShortcut, Selected, StochasticDepth
from cnnlab.blocks.trace import Call
from cnnlab.drawing.outline import Role
from cnnlab.settings import Shape
from cnnlab.text import dims


def described(layer: nn.Module, taken: Shape, left: Shape) -> str:
    """A layer in words, "3×3 conv, 64, /2"; "" for one that does nothing. One that torch does not have: its class."""
    match layer:
        case nn.Identity():
            return ""
        case nn.Conv2d():
            return ", ".join([_conv(layer), *_after(layer.stride), *_dilated(layer.dilation), *_groups(layer)])
        case nn.Linear():
            return f"linear, {layer.out_features}"
        case nn.MaxPool2d():
            return ", ".join([f"{_size(layer.kernel_size)} max pool", *_after(layer.stride)])
        case nn.AvgPool2d():
            return ", ".join([f"{_size(layer.kernel_size)} avg pool", *_after(layer.stride)])
        case nn.AdaptiveAvgPool2d():
            return "global avg pool" if left[1:] == (1, 1) else f"avg pool to {_size(layer.output_size)}"
        case Blur():
            return ", ".join([f"{_size(layer.size)} blur", *_after(layer.stride)])
        case PadShortcut():
            return ", ".join([f"pad to {left[0]}", *_after(layer.stride)])
        case Sliced():
            return f"channels {layer.start} to {layer.stop - 1}"
        case nn.ChannelShuffle():
            return f"shuffle {layer.groups}"
        case ChannelPooled():
            return f"{layer.reduce} of channels"
        case ChannelConvolved():
            return f"conv along channels, {layer.kernel_size[0]}"
        case Scaled():
            return f"× {layer.factor:g}" if layer.gain is None else "scale"
        case nn.ConvTranspose2d():
            return ", ".join([f"{_size(layer.kernel_size)} up-conv, {layer.out_channels}", *_times(layer.stride)])
        case nn.Upsample():
            return ", ".join([f"{layer.mode} upsample", *_times(layer.scale_factor)])
        case nn.AdaptiveMaxPool2d():
            return "global max pool"
        case Selected():
            return f"{len(layer.channels)} of {taken[0]} maps"
        case nn.GroupNorm():
            return "layer norm" if layer.num_groups == 1 else f"group norm {layer.num_groups}"
        case nn.Dropout() if not isinstance(layer, StochasticDepth):
            return f"dropout {layer.p:g}"
    return NAMES.get(type(layer), type(layer).__name__)


NAMES: dict[type[nn.Module], str] = {
    nn.BatchNorm1d: "batch norm",
    nn.BatchNorm2d: "batch norm",
    nn.InstanceNorm2d: "instance norm",
    nn.LayerNorm: "layer norm",
    ChannelLayerNorm: "layer norm of channels",
    ResponseNorm: "grn",
    Complemented: "1 − x",
    nn.PReLU: "prelu",
    nn.LocalResponseNorm: "lrn",
    nn.Flatten: "flatten",
    nn.ZeroPad2d: "pad",
    nn.ConstantPad2d: "pad",
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.LeakyReLU: "leaky relu",
    nn.ELU: "elu",
    nn.SiLU: "silu",
    nn.Mish: "mish",
    nn.GELU: "gelu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.Softplus: "softplus",
    nn.Hardswish: "hardswish",
    nn.Hardsigmoid: "hardsigmoid",
    StochasticDepth: "stochastic depth",
}


NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d, nn.LocalResponseNorm),
    *(ChannelLayerNorm, ResponseNorm),
)
ACTIVATIONS = "torch.nn.modules.activation"
"""the module of torch that has all of its activations"""


def norms_and_activations(calls: Mapping[nn.Module, Call]) -> str:
    """Those in a block, each once, as "batch norm, relu"; empty for one that has none."""
    norms = [layer for layer in calls if isinstance(layer, NORMS)]
    acts = [layer for layer in calls if type(layer).__module__ == ACTIVATIONS]
    return ", ".join(
        dict.fromkeys(described(layer, calls[layer].input, calls[layer].output) for layer in (*norms, *acts))
    )


POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, Blur)


def role(layers: Sequence[nn.Module], params: int, macs: int, taken: Shape, left: Shape) -> Role:
    """What a box is: by what it is on paper, so that a user's own block has its colour, too."""
    if macs and params:
        return "linear" if len(left) == 1 else "conv"
    pools = any(isinstance(layer, POOLS) for layer in layers)
    return "pool" if pools or (taken[1:] != left[1:] and prod(left) < prod(taken)) else "other"


def _conv(layer: nn.Conv2d) -> str:
    size, groups = _size(layer.kernel_size), layer.groups
    if groups == layer.in_channels > 1:
        return f"{size} depthwise" + (f", {layer.out_channels}" if layer.out_channels != groups else "")
    return f"{size} conv, {layer.out_channels}"


def _groups(layer: nn.Conv2d) -> list[str]:
    return [f"{layer.groups} groups"] if 1 < layer.groups != layer.in_channels else []


def _after(stride: Any) -> list[str]:
    rows, columns = _numbers(stride)
    if rows == columns:
        return [f"/{rows}"] if rows > 1 else []
    return [f"/{rows}×{columns}"]


def _times(factor: Any) -> list[str]:
    rows, columns = _numbers(factor)
    return [f"×{rows:g}" if rows == columns else f"×{rows:g}×{columns:g}"]


def _dilated(dilation: Any) -> list[str]:
    return [f"dilation {_size(dilation)}"] if _numbers(dilation) != (1, 1) else []


def _numbers(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple) else (value, value)


def _size(value: Any) -> str:
    return dims(_numbers(value))
