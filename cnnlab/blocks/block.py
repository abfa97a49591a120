"""What a block is: a frozen record of settings that can build itself for the shape it is given.

torch is imported inside the functions that build: composing and checking settings must not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from cnnlab.registry import Registered, Registry
from cnnlab.settings import Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Inherits:
    """Marks a field that, where a block does not set it, takes the setting `name` of what encloses the block."""

    name: str


@dataclass(frozen=True)
class Spread:
    """Marks a rate that, where no block sets it, rises from 0 over the network's blocks to its setting `name`."""

    name: str


@dataclass(frozen=True)
class Sized:
    """Marks a width: `classes` may stand there, and the model-wide `width` multiplies it where it is `scaled`."""

    scaled: bool


@dataclass(frozen=True)
class Added:
    """Marks a setting that a kind had not from the first: at its default, fingerprints leave it out, and stay."""


Width = Annotated[int, Field(ge=1, strict=True), Sized(scaled=True)]
Features = Annotated[int, Field(ge=1, strict=True), Sized(scaled=False)]


class Block(Registered):
    """Base of all kinds. A kind sets `block` to its name and says how to `build` itself; shapes follow from that."""

    registry: ClassVar[Registry[Block]] = Registry("block", key="block")

    block: str

    moved: ClassVar[dict[str, str]] = {}
    """settings that have another name since 0.3.0: the old one, and the new one or what to write instead"""
    later: ClassVar[dict[str, Any]] = {"stride": 1}
    """settings of the second and later copies under `repeat`: only the first one strides"""

    def __hash__(self) -> int:
        """By its settings; by its kind alone where a user's kind has lists or mappings, which have no hash."""
        try:
            return hash((type(self), *vars(self).values()))
        except TypeError:
            return hash(type(self))

    def build(self, shape: Shape) -> nn.Module:
        """The module for an input of `shape`, without the batch axis. Raises Misfit."""
        raise NotImplementedError

    def shape(self, shape: Shape) -> Shape:
        """The shape it makes of `shape`, found by running its forward on the meta device. Raises Misfit."""
        from cnnlab.blocks.trace import trace

        return trace(self, shape).shape

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Its settings as fingerprints hash them: what only has another name since 0.2.0 keeps the old one there."""
        return settings

    def closing(self) -> dict[str, Block]:
        """What follows the last copy under `repeat`."""
        return {}
