"""Pieces of Python that a printed network may need, copied into its file as they stand here."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from cnnlab.blocks.channel_modules import (
    ChannelConvolved,
    ChannelLayerNorm,
    ChannelPooled,
    Complemented,
    ResponseNorm,
    Scaled,
    Sliced,
)
from cnnlab.blocks.modules import (
    Blur,
    PadShortcut,
    ScaledConv2d,
    Selected,
    StandardizedConv2d,
    StochasticDepth,
    SummedGate,
    binomial,
    some_kept,
)
from cnnlab.network.start import _depthwise, _looks_linear, stream

Layer = TypeVar("Layer", bound=nn.Module)


class Stack(nn.Sequential):
    """Layers one after another, numbered ones and then named ones; None stands for one left out."""

    def __init__(self, /, *numbered: nn.Module, **named: nn.Module | None):
        layers = {**{str(i): layer for i, layer in enumerate(numbered)}, **named}
        there = {name: layer for name, layer in layers.items() if layer is not None}
        super().__init__(OrderedDict(there))


class KernelConv2d(nn.Conv2d):
    """A convolution whose weights are worked out from those that are learned."""

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.kernels(), self.bias)

    def kernels(self) -> Tensor:
        return self.weight


def mean_of_some(outs: list[Tensor], rate: float) -> Tensor:
    """The mean of several branches, of which some are left out in training."""
    if not rate:
        return sum(outs[1:], outs[0]) / len(outs)
    kept = some_kept(len(outs[0]), len(outs), rate, outs[0])
    shares = (kept / kept.sum(0)).unbind()
    return sum(out * share.view(-1, *[1] * (out.dim() - 1)) for out, share in zip(outs, shares))  # type: ignore[return-value]  # noqa: B905


# -- how weights start


def start(net: nn.Module, seed: int) -> None:
    """Give each layer its first weights, from a random stream of its own, by its path."""
    with torch.random.fork_rng(devices=[]):
        for path, layer in net.named_modules():
            if [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]:
                torch.manual_seed(stream(seed, path))
                layer.reset_parameters()  # type: ignore[operator]
                if hasattr(layer, "start"):
                    torch.manual_seed(stream(seed, path))
                    layer.start(layer)  # type: ignore[operator]


def started(layer: Layer, how: Callable, zero_bias: bool = True, **settings: Any) -> Layer:
    """The layer, with a note how its weights start."""
    layer.start = partial(starts, how=how, zero_bias=zero_bias, settings=settings)  # type: ignore[assignment]
    return layer


@torch.no_grad()
def starts(layer: nn.Module, how: Callable, zero_bias: bool, settings: dict[str, Any]) -> None:
    if zero_bias and layer.bias is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    how(layer.weight, **settings)


def scaled(weight: Tensor, gain: float) -> None:
    """Normal, of the variance that keeps a signal's size; over the channels they sum to zero."""
    taps, centered = weight[0, 0].numel(), weight.shape[1] > 4  # not of weights that see an image
    nn.init.normal_(weight, std=gain / math.sqrt(weight[0].numel() - taps * centered))
    if centered:
        weight -= weight.mean(1, keepdim=True)


def he(layer: Layer) -> Layer:
    """Before an activation, which leaves so much of a signal's size: He et al. 2015."""
    return started(layer, scaled, gain=(1 / 2 - 1 / (2 * math.pi)) ** -0.5)


def lecun(layer: Layer) -> Layer:
    """Where no activation follows: LeCun et al. 1998."""
    return started(layer, scaled, gain=1.0)


def small(layer: Layer) -> Layer:
    """The output: the loss starts at that of chance."""
    return started(layer, scaled, gain=0.1)


def glorot(layer: Layer) -> Layer:
    """Before a sigmoid: Glorot & Bengio 2010."""
    return started(layer, nn.init.xavier_uniform_)


def glorot_tanh(layer: Layer) -> Layer:
    """Before a tanh."""
    return started(layer, nn.init.xavier_uniform_, gain=5 / 3)


def quiet(norm: Layer) -> Layer:
    """The last norm beside a shortcut: the block starts near the identity."""
    return started(norm, nn.init.constant_, zero_bias=False, val=0.3)


def quiet_conv(layer: Layer) -> Layer:
    """The last convolution beside a shortcut: the block starts near the identity."""
    return started(layer, scaled_down, gain=1.0)


def scaled_down(weight: Tensor, gain: float) -> None:
    scaled(weight, gain)
    weight *= 0.3


def transposed(layer: Layer) -> Layer:
    """The same of a transposed convolution, whose weights are stored by what comes in."""
    layer.start = partial(starts_transposed, how=layer.start)  # type: ignore[assignment]
    return layer


def starts_transposed(layer: nn.Module, how: Callable) -> None:
    weight: Any = layer.weight
    how(SimpleNamespace(weight=weight.data.transpose(0, 1), bias=layer.bias))


def looks_linear(layer: Layer) -> Layer:
    """In pairs of channels that cancel an activation's kink: Balduzzi et al. 2017."""
    layer.start = partial(starts_linear, image=False)  # type: ignore[assignment]
    return layer


def looks_linear_of_image(layer: Layer) -> Layer:
    """The same, where the image comes in."""
    layer.start = partial(starts_linear, image=True)  # type: ignore[assignment]
    return layer


def starts_linear(layer: nn.Conv2d, image: bool) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    _looks_linear(layer, image)


def kaiming_normal(layer: Layer) -> Layer:
    return started(layer, nn.init.kaiming_normal_, zero_bias=False, nonlinearity="relu")


def kaiming_uniform(layer: Layer) -> Layer:
    return started(layer, nn.init.kaiming_uniform_, zero_bias=False, nonlinearity="relu")


def xavier_normal(layer: Layer) -> Layer:
    return started(layer, nn.init.xavier_normal_, zero_bias=False)


def xavier_uniform(layer: Layer) -> Layer:
    return started(layer, nn.init.xavier_uniform_, zero_bias=False)


def orthogonal(layer: Layer) -> Layer:
    return started(
        layer, lambda weight: weight.data.copy_(nn.init.orthogonal_(torch.empty(weight.shape))), zero_bias=False
    )


LAYERS: dict[str, Callable[..., object]] = {
    part.__name__: part
    for part in (
        *(Stack, StochasticDepth, Selected, PadShortcut, binomial, Blur, SummedGate, some_kept, mean_of_some),
        *(KernelConv2d, StandardizedConv2d, ScaledConv2d, Sliced, ChannelPooled, ChannelConvolved, Scaled),
        *(Complemented, ChannelLayerNorm, ResponseNorm),
    )
}
"""what networks are made of besides torch's layers, in the order in which a file has it before its classes"""
STARTS: dict[str, Callable[..., object]] = {
    part.__name__: part
    for part in (
        *(he, lecun, small, glorot, glorot_tanh, quiet, quiet_conv, looks_linear, looks_linear_of_image),
        *(kaiming_normal, kaiming_uniform, xavier_normal, xavier_uniform, orthogonal),
        *(started, starts, scaled, scaled_down, transposed, starts_transposed),
        *(starts_linear, _looks_linear, _depthwise, start, stream),
    )
}
"""how weights start, in the order in which a file has it behind its classes"""
PARTS = LAYERS | STARTS
