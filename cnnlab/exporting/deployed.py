"""A network as it is deployed: one graph from images as they are stored to logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab.data.batches import Normalise


class Deployed(nn.Module):
    """uint8 images (B, C, H, W) of any size -> logits (B, classes): normalization and resizing are inside.

    It has no condition that a trace would freeze: what is of the right size already goes through the same resizing,
    which leaves it as it is.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, net: nn.Module, mean: Sequence[float], std: Sequence[float], size: tuple[int, int]):
        super().__init__()
        normalise = Normalise(tuple(mean), tuple(std))
        self.net, self.size = net, size
        self.register_buffer("scale", normalise.scale, persistent=False)
        self.register_buffer("shift", normalise.shift, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = images.float() * self.scale + self.shift
        return self.net(F.interpolate(x, size=self.size, mode="bilinear", antialias=True, align_corners=False))


class Evaluated(nn.Module):
    """A network without what only training has: auxiliary heads are left out."""

    def __init__(self, body: nn.Module, head: nn.Module):
        super().__init__()
        self.body, self.head = body, head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))
