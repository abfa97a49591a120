"""A network's settings under an override: what would be, were it set."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import yaml

from cnnlab import dotted
from cnnlab.network.graph import Graph, graph
from cnnlab.network.read import read_network
from cnnlab.network.spec import Network
from cnnlab.override import Override
from cnnlab.settings import Shape


def overridden(raw: dict[str, Any], word: str) -> dict[str, Any]:
    """The settings of a model with an override of one of them, `model.…=VALUE`; `raw` itself stays as it is.

    >>> overridden({"body": {"c1": {"block": "conv"}}}, "model.body.c1.padding=same")
    {'body': {'c1': {'block': 'conv', 'padding': 'same'}}}
    """
    override = Override.read(word)
    changed = copy.deepcopy(raw)
    dotted.put(changed, override.key.removeprefix("model."), yaml.safe_load(override.value or ""))
    return changed


def fitting(
    raw: dict[str, Any], classes: int, image_shape_of: Callable[[Network], Shape]
) -> tuple[Network, Graph] | None:
    """The network of a model's settings and its graph; None where they cannot be read, or a block does not fit."""
    network, faults = read_network(raw, classes)
    if network is None or faults:
        return None
    laid_out = graph(network, image_shape_of(network))
    return None if laid_out.faults else (network, laid_out)
