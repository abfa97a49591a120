"""Networks of conf/model with images that they take."""

from __future__ import annotations

from functools import cache

from sample_networks import network, zoo

from cnnlab.drawing.outline import Outline
from cnnlab.network.outline import outline
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


@cache
def case(name: str) -> tuple[Network, Shape]:
    """A network for ten classes, and the shape of images it takes: small ones where it takes them."""
    found = network(zoo(name))
    channels = 1 if "lenet" in name or name.startswith("d2l/") else 3
    return found, (channels, *found.image_size((32, 32)))


@cache
def drawn(name: str) -> Outline:
    return outline(*case(name))
