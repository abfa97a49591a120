"""Designs for lint: networks written as settings, and what is found in them."""

from __future__ import annotations

from typing import Any

from sample_networks import network

from cnnlab.lint.check import find_smells, what_helps
from cnnlab.lint.finding import Design
from cnnlab.network.graph import graph
from cnnlab.network.spec import Network
from cnnlab.settings import Shape

FLAT = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": "classes"}}


def conv(channels: int = 8, **settings: Any) -> dict[str, Any]:
    return {"block": "conv", "channels": channels, **settings}


def designed(raw: dict[str, Any], shape: Shape = (1, 28, 28), batch_size: int = 128) -> Design:
    def image_shape_of(net: Network) -> Shape:
        return (shape[0], *net.image_size((shape[1], shape[2])))

    net = network(raw)
    built = graph(net, image_shape_of(net))
    assert not built.faults
    return Design(net, built, raw, batch_size, image_shape_of)


def findings(smell: str, raw: dict[str, Any], *settings: Any) -> list[str]:
    """A line for each finding of one smell."""
    return [finding.line for finding in find_smells(designed(raw, *settings)) if finding.smell == smell]


def helpful(raw: dict[str, Any], smell: str, *settings: Any) -> list[str]:
    """The overrides that help against the first finding of a smell."""
    design = designed(raw, *settings)
    return what_helps(design, next(finding for finding in find_smells(design) if finding.smell == smell))
