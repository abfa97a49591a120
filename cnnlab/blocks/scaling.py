"""What multiplies its input, or takes it from one, position by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Block
from cnnlab.settings import Real, Settings, Shape

if TYPE_CHECKING:
    from torch import nn

Learned = Literal["none", "one", "channel"]


class ScaleSettings(Settings):
    """`scale: 0.17`, or `scale: {factor: 0.1, learned: channel}` where the factor is learned."""

    shorthand: ClassVar[str] = "factor"
    hashed_short: ClassVar[bool] = True
    factor: Real
    """the number that it multiplies with; where that is learned, the number it starts from"""
    learned: Learned = "none"
    """none: the number stays. one: a number that is learned (arXiv:2003.04887). channel: one is learned for each
    channel (LayerScale; Touvron et al. 2021, arXiv:2103.17239)"""

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import Scaled

        sizes: dict[Learned, Shape | None] = {"none": None, "one": (), "channel": (shape[0], *[1] * (len(shape) - 1))}
        return Scaled(self.factor, sizes[self.learned])


def _scale(value: Any) -> Any:
    return value if isinstance(value, dict | ScaleSettings) else {"factor": value}


ScaleField = Annotated[ScaleSettings, BeforeValidator(_scale, json_schema_input_type=float | ScaleSettings)]


class ScaleBlock(Block):
    """Its input times a number: any shape, unchanged.

    >>> ScaleBlock(factor=0.125).shape((10,))
    (10,)
    """

    block: Literal["scale"] = "scale"
    factor: Real = 1.0
    """the number that it multiplies with; where that is learned, the number it starts from"""
    learned: Learned = "none"
    """none: the number stays. one: a number that is learned (arXiv:2003.04887). channel: one is learned for each
    channel (LayerScale; Touvron et al. 2021, arXiv:2103.17239)"""

    def build(self, shape: Shape) -> nn.Module:
        return ScaleSettings(factor=self.factor, learned=self.learned).build(shape)


class Complement(Block):
    """One minus its input: any shape, unchanged.

    What a gate does not let through: Srivastava, Greff & Schmidhuber 2015, arXiv:1505.00387, eq. 3 (highway networks).
    """

    block: Literal["complement"] = "complement"

    def build(self, shape: Shape) -> nn.Module:
        from cnnlab.blocks.channel_modules import Complemented

        return Complemented()
