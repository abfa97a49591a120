"""The torch modules that torch has not, of channels: shares, means, scales, norms and convolutions of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Sliced(nn.Module):
    """Neighbouring channels, from `start` up to `stop`, which is not among them."""

    def __init__(self, start: int, stop: int):
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.start : self.stop]


class ChannelPooled(nn.Module):
    """The mean or the maximum over the channels at each position."""

    def __init__(self, reduce: str):
        super().__init__()
        self.reduce = reduce

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(1, keepdim=True) if self.reduce == "mean" else x.amax(1, keepdim=True)


class ChannelConvolved(nn.Conv3d):
    """A convolution along the channels, the same at each position: torch's over three axes, the first of them these."""

    def __init__(self, size: int, bias: bool):
        super().__init__(1, 1, (size, 1, 1), padding=(size // 2, 0, 0), bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input[:, None]).flatten(1, 2)


class Scaled(nn.Module):
    """x times a number: fixed, learned, or learned for each channel."""

    def __init__(self, factor: float, shape: tuple[int, ...] | None):
        super().__init__()
        self.factor = factor
        self.gain = None if shape is None else nn.Parameter(torch.full(shape, factor))

    def reset_parameters(self) -> None:
        if self.gain is not None:
            nn.init.constant_(self.gain, self.factor)

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.factor if self.gain is None else self.gain)

    def extra_repr(self) -> str:
        return f"factor={self.factor:g}"


class Complemented(nn.Module):
    """1 - x."""

    def forward(self, x: Tensor) -> Tensor:
        return 1 - x


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels at each position of an image."""

    def forward(self, x: Tensor) -> Tensor:
        channels_last = x.permute(0, 2, 3, 1)
        return F.layer_norm(channels_last, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """x + shift + gain * x * n, where n is a channel's size over the positions, beside the mean of all channels'."""

    def __init__(self, channels: int, eps: float):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        sizes = x.square().sum((2, 3), keepdim=True).sqrt()
        return x + self.bias + self.weight * (x * (sizes / (sizes.mean(1, keepdim=True) + self.eps)))
