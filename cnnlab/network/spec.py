"""A network's settings as YAML has them, and the network as records: two forms of one thing, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from cnnlab.blocks.base import Stack, Stage
from cnnlab.blocks.conv import Bias, Init
from cnnlab.blocks.norm import Act, Norm
from cnnlab.settings import Count, Fraction, Natural, Pair, Positive, Settings


class ModelSettings(Settings):
    """What conf/model/*.yaml says."""

    norm: Norm | None = None
    """normalisation after every convolution: batch, group, layer, instance or none"""
    head_norm: Norm | None = None
    """normalisation after every linear layer but the output"""
    act: Act | None = None
    """activation after every convolution and linear layer but the output"""
    bias: Bias | None = None
    """whether layers add a bias: true, false, or auto (those without a norm)"""
    init: Init | None = None
    """how weights start"""
    dropout: Fraction | None = None
    """share dropped after linear layers, in dropout blocks and inside residual blocks"""
    width: Positive = 1.0
    """multiplies every number of channels in the body"""
    divisor: Count | None = None
    """widths that `width` makes are rounded to its multiples; unless set, a width that is not whole is a fault"""
    min_size: Pair | None = None
    """smallest image the network takes; smaller ones are enlarged to it"""
    input_size: Pair | None = None
    """image size that the network is tied to; others are resized to it"""
    kinds: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """settings of all blocks of a kind, where a block does not say otherwise"""
    body: dict[str, Any]
    """the convolutional part: blocks by name, in order"""
    head: dict[str, Any]
    """the dense part: blocks by name, in order"""


class Place(Settings):
    """Where in its stack a block stands, and how often."""

    repeat: Annotated[Natural, Field(le=10_000)] = 1
    """number of copies; only the first one strides; 0 removes the block"""
    first: dict[str, Any] | None = None
    """settings of the first copy alone"""
    last: dict[str, Any] | None = None
    """settings of the last copy alone"""
    after: str | None = None
    """name of the block it follows"""
    before: str | None = None
    """name of the block it precedes"""

    @model_validator(mode="after")
    def _one_anchor(self) -> Place:
        if self.after is not None and self.before is not None:
            raise ValueError("a block stands either after another or before it; write one of the two")
        return self


PLACED = tuple(Place.model_fields)
"""settings that every block takes: of its place in the stack, not of the block itself"""


@dataclass(frozen=True)
class Network:
    """A network as records: every setting resolved, every copy listed."""

    body: Stack
    head: Stack
    classes: int
    min_size: tuple[int, int] | None = None
    input_size: tuple[int, int] | None = None

    @property
    def sections(self) -> dict[str, Stack]:
        return {"body": self.body, "head": self.head}

    def plain(self) -> dict[str, Any]:
        """As plain data in which the order of blocks is kept in lists, for hashing and for showing."""
        return {name: plain(stack) for name, stack in self.sections.items()}

    def image_size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns that images of the stored size are brought to for this network."""
        if self.input_size:
            return self.input_size
        low = self.min_size or (1, 1)
        return max(stored[0], low[0]), max(stored[1], low[1])


def plain(value: Any) -> Any:
    match value:
        case Stage():
            return [value.name, [plain(copy) for copy in value.copies]]
        case Settings():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case tuple():
            return [plain(part) for part in value]
    return value
