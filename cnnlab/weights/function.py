"""What a network computes otherwise than the one its weights come from, although names and shapes fit.

A stride that stands on another convolution, another activation, eps or dilation: none of them is in a file of weights.
What the networks of a family have is in its file in `torchvision/`, under `function`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from torch import nn

from cnnlab.weights.names import families

FAMILY = "torchvision's "
"""begins the name of a layout that is a family's"""
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
"""of the images, in [0, 1], that torchvision's weights are trained on, unless their family says otherwise"""


def differences(layout: str, net: nn.Module) -> dict[str, list[str]]:
    """By block, what `net` computes otherwise than networks whose weights have the names of `layout`."""
    function = _family(layout).get("function")
    by_block: dict[str, list[str]] = {}
    for name, difference in _differences(function, net) if function else ():
        block = ".".join(name.split(".")[:2])
        if difference not in by_block.setdefault(block, []):
            by_block[block].append(difference)
    return by_block


def _differences(function: dict[str, Any], net: nn.Module) -> Iterator[tuple[str, str]]:
    modules = dict(net.named_modules())
    listed = function["eps"] if isinstance(function["eps"], list) else [function["eps"]]
    for name, module in modules.items():
        if type(module).__module__ == "torch.nn.modules.activation" and type(module).__name__ not in function["act"]:
            there = " or ".join(function["act"])
            yield name, f"{type(module).__name__} here, {there} where the weights come from"
        if isinstance(module, nn.BatchNorm2d) and all(abs(module.eps - eps) > 1e-9 for eps in listed):
            there = " or ".join(f"{eps:g}" for eps in listed)
            yield name, f"eps {module.eps:g} here, {there} where the weights come from"
        if not isinstance(module, nn.Conv2d):
            continue
        if module.dilation != (1, 1):
            yield name, f"{_last(name)}: dilation {module.dilation[0]} here, 1 where the weights come from"
        stride = _stride(function, name, modules)
        if stride is not None and module.stride != (stride, stride):
            yield name, f"{_last(name)}: stride {module.stride[0]} here, {stride} where the weights come from"


def _stride(function: dict[str, Any], name: str, modules: dict[str, nn.Module]) -> int | None:
    """The stride of a convolution; that of a block of another kind is told by the layer `beside` it."""
    for rule in function.get("strides", ()):
        if re.fullmatch(rule["layer"], name):
            beside = re.sub(r"conv\d\.conv$", "conv3.conv", name) in modules
            if rule.get("bottleneck") in (None, beside):
                return rule["stride"]
    return None


def _last(name: str) -> str:
    return name.split(".", 2)[2]


def expected_images(layout: str) -> dict[str, list[float]] | None:
    """The mean and std of the images that weights of a layout know; None where that is not known."""
    return _family(layout).get("images", IMAGENET) if layout.startswith(FAMILY) else None


def _family(layout: str) -> dict[str, Any]:
    return families().get(layout.removeprefix(FAMILY), {}) if layout.startswith(FAMILY) else {}
