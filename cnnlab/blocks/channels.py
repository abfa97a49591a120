"""What rearranges channels, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit, image
from cnnlab.settings import Natural, Shape

if TYPE_CHECKING:
    from torch import nn


class Select(Block):
    """Some of the channels, in the order named: (C, H, W) -> (how many, H, W).

    LeCun et al. 1998, doi:10.1109/5.726791, table I: maps that see some of the maps before them.

    >>> Select(channels=(0, 2, 4)).shape((6, 14, 14))
    (3, 14, 14)
    """

    block: Literal["select"] = "select"
    channels: Annotated[tuple[Natural, ...], Field(min_length=1)]
    """numbers of the channels, counted from 0"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.modules import Selected

        there = image(shape, self.block)[0]
        if max(self.channels) >= there:
            raise Misfit(f"channel {max(self.channels)} is not there: {there} are, counted from 0")
        return Selected(self.channels)
