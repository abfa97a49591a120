"""What takes, rearranges and sums up channels, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit, image, whole
from cnnlab.settings import Count, Natural, Shape

if TYPE_CHECKING:
    from torch import nn


class Select(Block):
    """Some of the channels, in the order named: (C, H, W) -> (how many, H, W).

    LeCun et al. 1998, doi:10.1109/5.726791, table I: maps that see some of the maps before them.

    >>> Select(indices=(0, 2, 4)).shape((6, 14, 14))
    (3, 14, 14)
    """

    block: Literal["select"] = "select"
    moved: ClassVar[dict[str, str]] = {"channels": "indices"}
    indices: Annotated[tuple[Natural, ...], Field(min_length=1)]
    """numbers of the channels, counted from 0"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.modules import Selected

        there = image(shape, self.block)[0]
        if max(self.indices) >= there:
            raise Misfit(f"channel {max(self.indices)} is not there: {there} are, counted from 0")
        return Selected(self.indices)

    def hashed(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {("channels" if name == "indices" else name): value for name, value in settings.items()}


class ChannelSplit(Block):
    """One of several equal shares of the channels, or those of a range: (C, H, W) -> (C / of, H, W).

    Ma et al. 2018, arXiv:1807.11164, §3 (ShuffleNet-v2): half of the channels go through a unit as they are.

    >>> ChannelSplit(part=1).shape((116, 28, 28))
    (58, 28, 28)
    >>> ChannelSplit(start=256).shape((272, 56, 56))
    (16, 56, 56)
    """

    block: Literal["split"] = "split"
    part: Natural | None = None
    """number of the share, counted from 0; 0 unless said"""
    of: Count | None = None
    """into how many equal shares the channels are split; 2 unless said"""
    start: Natural | None = None
    """in place of a share: the first channel, counted from 0"""
    stop: Count | None = None
    """in place of a share: the channel before which it ends; all there are unless said"""

    @model_validator(mode="after")
    def _share_or_range(self) -> ChannelSplit:
        share, range_ = (self.part, self.of), (self.start, self.stop)
        if (share != (None, None)) == (range_ != (None, None)):
            raise ValueError("takes a share, {part: 0, of: 2}, or a range, {start: 0, stop: 64}; write one of the two")
        if share != (None, None) and (self.part or 0) >= (self.of or 2):
            raise ValueError(f"part should be a number below {self.of or 2}, counted from 0")
        return self

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import Sliced

        channels = image(shape, self.block)[0]
        if (self.part, self.of) != (None, None):
            each, part = whole(channels, self.of or 2, ("channels", "of")), self.part or 0
            return Sliced(part * each, (part + 1) * each)
        start, stop = self.start or 0, channels if self.stop is None else self.stop
        if not start < stop <= channels:
            raise Misfit(f"there are no channels from {start} up to {stop}: {channels} are, counted from 0")
        return Sliced(start, stop)


class Shuffle(Block):
    """Channels of several groups, one of each in turn: (C, H, W), unchanged.

    Zhang et al. 2017, arXiv:1707.01083, fig. 1(c).

    >>> Shuffle(groups=2).shape((116, 28, 28))
    (116, 28, 28)
    """

    block: Literal["shuffle"] = "shuffle"
    groups: Count = 2
    """number of groups that the channels stand in"""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        whole(image(shape, self.block)[0], self.groups, ("channels", "groups"))
        return nn.ChannelShuffle(self.groups)


class ChannelPool(Block):
    """The mean or the largest number over the channels at each position: (C, H, W) -> (1, H, W).

    Woo et al. 2018, arXiv:1807.06521, §3 (CBAM), whose spatial gate looks at both.

    >>> ChannelPool(reduce="max").shape((64, 14, 14))
    (1, 14, 14)
    """

    block: Literal["channel_pool"] = "channel_pool"
    reduce: Literal["mean", "max"] = "mean"
    """what becomes of a position's channels"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import ChannelPooled

        image(shape, self.block)
        return ChannelPooled(self.reduce)
