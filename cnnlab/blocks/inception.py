"""The Inception block of GoogLeNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from cnnlab.blocks.block import Sized, Width
from cnnlab.blocks.conv import Convolutional
from cnnlab.blocks.merge import build_branches
from cnnlab.blocks.pool import MaxPool
from cnnlab.settings import Pair, Shape, shown

if TYPE_CHECKING:
    from torch import nn


def _reduced(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(value)
    raise ValueError(f"should be two numbers of channels, [1×1 reduction, convolution], not {shown(value)}")


Reduced = Annotated[tuple[Width, Width], BeforeValidator(_reduced), Sized(scaled=True)]


class Inception(Convolutional):
    """Four branches beside each other, concatenated: (C, H, W) -> (b1 + b3[1] + b5[1] + pool, H, W).

    1×1; 1×1 then 3×3; 1×1 then 5×5; 3×3 max pool then 1×1. Szegedy et al. 2014, arXiv:1409.4842, fig. 2(b).

    >>> Inception(b1=64, b3=(96, 128), b5=(16, 32), pool=32).shape((192, 28, 28))
    (256, 28, 28)
    """

    block: Literal["inception"] = "inception"
    b1: Width
    """channels of the 1×1 branch"""
    b3: Reduced
    """channels of the 3×3 branch: 1×1 reduction, convolution"""
    b5: Reduced
    """channels of the 5×5 branch: 1×1 reduction, convolution"""
    pool: Width
    """channels of the pooling branch"""
    b5_kernel_size: Pair = (5, 5)
    """window of the 5×5 branch; torchvision's GoogLeNet has a 3×3 there"""

    def build(self, shape: Shape) -> nn.Module:
        return build_branches(
            shape,
            {
                "b1": {"conv": self.conv(self.b1)},
                "b3": {"reduce": self.conv(self.b3[0]), "conv": self.conv(self.b3[1], 3)},
                "b5": {"reduce": self.conv(self.b5[0]), "conv": self.conv(self.b5[1], self.b5_kernel_size)},
                "pool": {
                    "pool": MaxPool(kernel_size=(3, 3), stride=(1, 1), padding="same"),
                    "conv": self.conv(self.pool),
                },
            },
        )
