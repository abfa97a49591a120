"""Numbers of a network's blocks: what `layer/NAME/WHAT` reads off network.json, and what is said where that is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnlab.errors import meant, near
from cnnlab.text import dims
from cnnlab.tracking.reader import is_number

WHAT = ("params", "macs", "share", "channels", "rows", "columns", "receptive_field")

Network = Mapping[str, Any]
"""network.json's content"""


def number(network: Network, name: str, what: str) -> Any:
    """`what` of the block `name`, of all that is in it together, or of the `first:KIND`; None where there is none."""
    layers = _matching(_layers(network), name)
    return _of_layers(layers, what, network.get("params")) if layers else None


def lacking(metric: str, network: Network) -> str | None:
    """What a metric finds no number of in `network`, as a sentence; None where nothing is missing, or it needs none.

    A network is known before it is trained, and so is this.
    """
    for name, what in re.findall(r"(?<!\S)layer/(\S+)/(\w+)", metric):
        layers = _layers(network)
        if not (matching := _matching(layers, name)):
            return _no_block(name, layers)
        if not is_number(number(network, name, what)):
            return _no_number(matching[-1], what)
    return None


def _no_block(name: str, layers: Sequence[Any]) -> str:
    place, colon, kind = name.partition(":")
    if colon and place not in ("first", "last"):
        return f"{name!r} should be the name of a block, first:KIND or last:KIND"
    if colon:
        kinds = dict.fromkeys(str(layer.get("block")) for layer in layers)
        return f"there is no block of kind {kind!r}{near(kind, kinds)}"
    rows = [str(layer.get("name")).split(".") for layer in layers]
    known = list(dict.fromkeys(".".join(parts[:depth]) for parts in rows for depth in range(1, len(parts) + 1)))
    stages = [layer for layer in known if layer.count(".") == 1]  # without copies: nobody reads a deep network's rows
    return f"there is no block {name!r}{near(name, known if meant(name, known) else stages)}"


def _no_number(layer: Any, what: str) -> str:
    if what == "share":
        return "the network has no parameters to have a share of"
    shape = layer.get("shape") or []
    left = f"{shape[0]:,} numbers" if len(shape) == 1 else dims(shape)
    return f"there are no {what} in what {layer.get('name')} leaves, {left}"


def _layers(network: Network) -> list[Any]:
    listed = network.get("layers")
    return [layer for layer in listed if isinstance(layer, Mapping)] if isinstance(listed, list) else []


def _matching(layers: Iterable[Any], name: str) -> list[Any]:
    place, colon, kind = name.partition(":")
    if colon:
        of_kind = [layer for layer in layers if layer.get("block") == kind]
        return of_kind[:1] if place == "first" else of_kind[-1:] if place == "last" else []
    return [layer for layer in layers if layer.get("name") == name or str(layer.get("name")).startswith(f"{name}.")]


def _of_layers(layers: Sequence[Any], what: str, total: Any) -> Any:
    if what in ("params", "macs"):
        return sum(layer[what] for layer in layers if is_number(layer.get(what)))
    if what == "share":
        return sum(layer["params"] for layer in layers if is_number(layer.get("params"))) / total if total else None
    shape = layers[-1].get("receptive_field" if what == "receptive_field" else "shape") or []
    place = {"channels": 0, "rows": 1, "columns": 2, "receptive_field": 0}[what]
    return shape[place] if isinstance(shape, list) and len(shape) > place else None
