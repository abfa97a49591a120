"""From modules to the expressions that make them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from cnnlab.blocks import modules as own
from cnnlab.blocks.channel_modules import ChannelConvolved, ResponseNorm, Scaled
from cnnlab.exporting.source.expression import UNSET, Argument, ConstructorCall, Copies, Layers, Node, Value
from cnnlab.network.start import BOUNDED, is_paired

PAIRS = (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
"""layers that take one number for two that are the same"""
UNSAID = {"self", "device", "dtype", "args", "kwargs", "inplace", "track_running_stats"}
"""arguments of constructors that change no result"""


class Unlike(Exception):
    """Modules have too little in common for one class."""


JOINED = (own.Skipped, own.Preactivated, own.Branches, own.Gated)


def has_own_forward(module: nn.Module) -> bool:
    """Whether it is more than layers one after another."""
    return isinstance(module, JOINED) or (isinstance(module, own.Chain) and bool(module._sources))


def is_numbered(module: nn.Module) -> bool:
    return list(module._modules) == [str(i) for i in range(len(module._modules))]


def children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, child) for name, child in module._modules.items() if child is not None]


def expression(module: nn.Module, defined: Callable[[nn.Module], Node | None], is_first: Callable[..., bool]) -> Node:
    """What makes a module; `defined` knows uses of classes, `is_first` the convolutions that see the image."""
    if (known := defined(module)) is not None:
        return known
    if isinstance(module, nn.Sequential):
        layers = [(name, expression(child, defined, is_first)) for name, child in children(module)]
        if len(layers) == 1 and is_numbered(module) and not module.state_dict():
            return layers[0][1]  # without weights, nothing has its name
        if is_numbered(module):
            return Copies(tuple(layer for _, layer in layers))
        return Layers(tuple(layers))
    if has_own_forward(module):
        raise Unlike
    made = layer_call(module)
    if isinstance(module, own.SummedGate):
        gate = "sigmoid" if isinstance(module.gate, nn.Sigmoid) else "hardsigmoid"
        inner = expression(module.layers, defined, is_first)
        made = ConstructorCall("SummedGate", (Argument("layers", inner), Argument("gate", Value(gate, "gate"))))
    return started(module, made, is_first(module))


def layer_call(layer: nn.Module) -> ConstructorCall:
    """A layer's constructor with all of its arguments."""
    cls = nn.Conv2d if type(layer) is own.Conv2d else type(layer)
    arguments = []
    signature = inspect.signature(nn.Conv2d.__init__ if issubclass(cls, nn.Conv2d) else cls.__init__)
    for name, parameter in signature.parameters.items() if cls is not own.SummedGate else ():
        if name in UNSAID or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = UNSET if parameter.default is parameter.empty else parameter.default
        value = _argument(layer, name)
        if default is None and name == "stride" and value == _argument(layer, "kernel_size"):
            value = None
        arguments.append(Argument(name, Value(value, name), default, labeled=default is not UNSET))
    function = cls.__name__ if cls.__module__.startswith("cnnlab.") else f"nn.{cls.__name__}"
    return ConstructorCall(function, tuple(arguments))


def _argument(layer: nn.Module, name: str) -> Any:
    match layer, name:
        case ChannelConvolved(), "size":
            return layer.kernel_size[0]
        case Scaled(), "shape":
            return None if layer.gain is None else tuple(layer.gain.shape)
        case ResponseNorm(), "channels":
            return len(layer.weight)
        case _, "bias":
            return layer.bias is not None
    value = getattr(layer, name)
    if isinstance(value, tuple) and isinstance(layer, PAIRS) and len(set(value)) == 1:
        return value[0]
    if name == "normalized_shape" and len(value) == 1:
        return value[0]
    return value


def started(layer: nn.Module, made: ConstructorCall, is_first: bool) -> ConstructorCall:
    """A layer with a note how its weights start, if it has one."""
    how = how_started(layer, is_first)
    if how is None:
        return made
    noted = ConstructorCall(how, (Argument("layer", made),))
    return (
        ConstructorCall("transposed", (Argument("layer", noted),)) if isinstance(layer, nn.ConvTranspose2d) else noted
    )


def how_started(layer: nn.Module, is_first: bool) -> str | None:
    """The function that starts a layer's weights; None where it starts as torch has it, or quietly."""
    init, act = note_of(layer)
    weight: Any = getattr(layer, "weight", None)
    if init == "default" or (init == "quiet" and weight.dim() == 1):
        return None
    if init == "looks_linear" and is_paired(layer, is_first):
        return "looks_linear_of_image" if is_first else "looks_linear"
    if init not in ("auto", "looks_linear", "quiet"):
        return init
    if act in BOUNDED:
        return {"sigmoid": "glorot", "tanh": "glorot_tanh"}[act]
    if act != "none":
        return "he"
    return "small" if weight.dim() == 2 else "lecun"


def is_quiet(module: nn.Module) -> bool:
    return note_of(module)[0] == "quiet"


def note_of(layer: nn.Module) -> tuple[str, str]:
    """The note how a layer's weights start: an init and the activation that follows. Slices have another `start`."""
    note: Any = getattr(layer, "start", None)
    return note if isinstance(note, tuple) else ("default", "")
