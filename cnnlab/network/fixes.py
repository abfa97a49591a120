"""Changes that would make a network fit, each one tried before it is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnnlab import dotted
from cnnlab.blocks.part import Misfit
from cnnlab.network.graph import Graph, PlacedBlock
from cnnlab.network.overridden import fitting, overridden
from cnnlab.override import for_shell
from cnnlab.settings import Shape
from cnnlab.text import dims

LARGEST = 512
"""rows and columns beyond which no image size is tried"""


def explanation(network: Graph, raw: dict[str, Any], classes: int) -> list[str]:
    """Lines below what ended a walk: the chain of shapes that led to it, and the fixes that were tried and work.

    `raw` is the model's settings.
    """
    assert network.end
    path, misfit = network.end[0].path.removeprefix("model."), network.end[1]
    lines = [chain_of(network, path)] if misfit.cause in ("vanishes", "flat", "image") else []
    smallest = smallest_size(raw, classes, network.input[0]) if misfit.cause == "vanishes" else None
    if smallest and lines:
        lines[0] += f"     smallest image that works: {smallest}×{smallest}"
    fixes = list(_working(misfit, path, raw, classes, network.input))
    if smallest:
        fixes.append(f"data.size={smallest}")
    if fixes:
        lines.append(f"works instead: {'  |  '.join(fixes)}")
    return lines


def chain_of(network: Graph, path: str) -> str:
    """The shapes on the way to `path`; a long chain keeps its ends.

    input 1×12×12 → c1 6×8×8 → s2 6×4×4 → c3 ✗
    """
    steps = [f"{_short(layer)} {dims(layer.shape)}" for layer in _on_the_way(network, path)]
    if len(steps) > 8:
        steps = [*steps[:2], "…", *steps[-5:]]
    return " → ".join([f"input {dims(network.input)}", *steps, f"{path.split('.', 1)[1]} ✗"])


def _on_the_way(network: Graph, path: str) -> list[PlacedBlock]:
    """The blocks that were walked before `path`; an auxiliary head begins at a block of the body."""
    section, name = path.split(".")[:2]
    if section != "aux":
        return list(network.layers)
    head = network.aux[name]
    names = [layer.name.split(".")[1] if layer.name.startswith("body.") else "" for layer in network.layers]
    return [*network.layers[: len(names) - names[::-1].index(head.tap)], *head.layers]


def _short(layer: PlacedBlock) -> str:
    return layer.name.split(".", 1)[1]


def smallest_size(raw: dict[str, Any], classes: int, channels: int) -> int | None:
    """The smallest square image that the network takes; None if none up to LARGEST does."""

    def works(size: int) -> bool:
        return _fits(raw, classes, (channels, size, size))

    high = 1
    while not works(high):
        high *= 2
        if high > LARGEST:
            return None
    low = high // 2  # does not work, or is 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def _working(misfit: Misfit, path: str, raw: dict[str, Any], classes: int, shape: Shape) -> Iterator[str]:
    """Overrides of one setting or block that make the network fit."""
    for word in _tries(misfit, path, raw):
        if _fits(overridden(raw, word), classes, shape):
            yield for_shell(word)


def _tries(misfit: Misfit, path: str, raw: dict[str, Any]) -> Iterator[str]:
    """Overrides that may help against what is wrong with the block at `path`."""
    section, name = path.split(".")[:2]
    block = f"model.{section}.{name}"
    if misfit.cause == "vanishes" and dotted.get(raw, f"{section}.{name}.padding") != "same":
        yield f"{block}.padding=same"
    if misfit.cause in ("vanishes", "image"):
        yield f"{block}=null"
    if misfit.cause == "flat":
        for kind in (k for k in ("global_avg_pool", "flatten") if k not in raw[section]):
            yield f"model.{section}.{kind}={{block: {kind}, before: {name}}}"


def _fits(raw: dict[str, Any], classes: int, shape: Shape) -> bool:
    return fitting(raw, classes, lambda _: shape) is not None
