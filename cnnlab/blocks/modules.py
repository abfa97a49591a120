"""The torch modules that torch has not: stacks with cross-connections, branches, shortcuts, gates, blurs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

JOINS = {
    "concat": lambda outs: torch.cat(outs, 1),
    "add": lambda outs: reduce(torch.add, outs),
    "mul": lambda outs: reduce(torch.mul, outs),
    "mean": lambda outs: reduce(torch.add, outs) / len(outs),
    "max": lambda outs: reduce(torch.maximum, outs),
}


class Conv2d(nn.Conv2d):
    """torch's convolution, computed without the weights of its window that meet nothing but padding.

    On a map of 1×1 a window of 3×3 is its middle weight: the same sums for a ninth of the work. A ResNet made for
    224×224 has half its weights on such maps where images are of 28×28.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor) or x.is_meta or _traced():  # torch.fx traces with what is no tensor
            # on paper the window counts as it is written, and a trace is for any size
            return self._conv_forward(x, self.kernels(), self.bias)
        places = zip(x.shape[2:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        (top, bottom, rows), (left, right, columns) = (met(*place) for place in places)  # type: ignore[arg-type]
        weight = self.kernels()
        if (bottom - top, right - left) != self.kernel_size:
            weight = weight[:, :, top:bottom, left:right]
        return F.conv2d(x, weight, self.bias, self.stride, (rows, columns), self.dilation, self.groups)

    def kernels(self) -> Tensor:
        """The weights as they are used."""
        return self.weight


class StandardizedConv2d(Conv2d):
    """A convolution whose weights have mean 0 and variance 1 in each output channel, as timm's StdConv2d has them."""

    def kernels(self) -> Tensor:
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), unbiased=False, keepdim=True)
        return (self.weight - mean) * (variance + 1e-6).rsqrt()


class ScaledConv2d(StandardizedConv2d):
    """The same, divided by the root of the weights' number, times a gain: timm's ScaledStdConv2d without its gamma."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if "gain" in self._parameters:  # not yet while torch's own class makes the weights
            nn.init.ones_(self.gain)

    def kernels(self) -> Tensor:
        return super().kernels() * (self.gain * self.weight[0].numel() ** -0.5)


def _traced() -> bool:
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]


@cache
def met(size: int, window: int, stride: int, padding: int, dilation: int) -> tuple[int, int, int]:
    """The first and the last (not included) of a window's weights that meet more than padding, and their padding.

    All of them where no padding that is alike on both sides would leave as many positions.

    >>> met(1, 3, 1, 1, 1), met(2, 3, 2, 1, 1), met(2, 3, 1, 1, 1)
    ((1, 2, 0), (1, 3, 0), (0, 3, 1))
    """
    positions = (size + 2 * padding - dilation * (window - 1) - 1) // stride + 1
    starts = range(-padding, positions * stride - padding, stride)
    meet = [tap for tap in range(window) if any(0 <= start + tap * dilation < size for start in starts)]
    if meet:
        first, last = meet[0], meet[-1]
        left = padding - first * dilation
        if left >= 0 and (size + 2 * left - dilation * (last - first) - 1) // stride + 1 == positions:
            return first, last + 1, left
    return 0, window, padding


class Chain(nn.Sequential):
    """Runs its modules in order; some take, in the place of what the one before them left, what earlier ones left."""

    def __init__(self) -> None:
        super().__init__()
        self._sources: dict[str, tuple[tuple[str, ...], str]] = {}

    def append_as(self, name: str, module: nn.Module, sources: tuple[str, ...] = (), join: str = "concat") -> None:
        self.add_module(name, module)
        if sources:
            self._sources[name] = (sources, join)

    def forward(self, x: Tensor) -> Tensor:
        if not self._sources:
            return super().forward(x)
        out = x
        for _, out in walk(self, x):  # noqa: B007
            pass
        return out


def walk(stack: Chain, x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Run a stack; what each of its blocks leaves, by name."""
    awaited = {name for names, _ in stack._sources.values() for name in names}
    left = {"input": x}
    for name, module in stack._modules.items():
        assert module is not None
        if name in stack._sources:
            names, join = stack._sources[name]
            taken = [left[source] for source in names]
            x = JOINS[join](taken) if len(taken) > 1 else taken[0]
        x = module(x)
        if name in awaited:
            left[name] = x
        yield name, x


class Branches(nn.ModuleDict):
    """Runs its modules on the same input and joins what they make; in training, a mean may leave some of them out."""

    def __init__(self, modules: dict[str, nn.Module], merge: str, drop_path: float = 0.0):
        super().__init__(modules)
        self.joined_by, self.drop_path = merge, drop_path

    def forward(self, x: Tensor) -> Tensor:
        outs = [branch(x) for branch in self.values()]
        if not (self.training and self.drop_path):
            return JOINS[self.joined_by](outs)
        kept = some_kept(len(x), len(outs), self.drop_path, outs[0])
        weights = kept / kept.sum(0)
        return reduce(
            torch.add, [out * w.view(-1, *[1] * (out.dim() - 1)) for out, w in zip(outs, weights, strict=True)]
        )

    def extra_repr(self) -> str:
        return f"merge={self.joined_by}"


def some_kept(images: int, paths: int, rate: float, like: Tensor) -> Tensor:
    """By path and image, 1 with probability 1 - rate, else 0; where none would be kept, one that is drawn is.

    Larsson et al. 2016, arXiv:1605.07648, §4 ("local" drop-path).
    """
    kept = torch.empty(paths, images, dtype=like.dtype, device=like.device).bernoulli_(1 - rate)
    chosen = torch.rand(images, device=like.device).mul_(paths).long().clamp_(max=paths - 1)
    alone = F.one_hot(chosen, paths).T.to(kept)
    return torch.where(kept.any(0), kept, alone)


class Skipped(nn.Module):
    """act(drop(scale(body(x))) + shortcut(x)); without a shortcut, act(scale(body(x)))."""

    def __init__(
        self,
        body: nn.Module,
        shortcut: nn.Module | None,
        act: nn.Module | None = None,
        drop: nn.Module | None = None,
        scale: nn.Module | None = None,
    ):
        super().__init__()
        self.body, self.shortcut, self.act, self.drop = body, shortcut, act, drop
        if scale is not None:
            self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        out = self.body(x)
        if hasattr(self, "scale"):
            out = self.scale(out)
        if self.shortcut is not None:
            out = (out if self.drop is None else self.drop(out)) + self.shortcut(x)
        return out if self.act is None else self.act(out)


class Preactivated(nn.Module):
    """drop(body(pre(x))) + shortcut(x), or + shortcut(pre(x)) where the activation is shared."""

    def __init__(
        self, pre: nn.Module, body: nn.Module, shortcut: nn.Module | None, drop: nn.Module | None, shared: bool
    ):
        super().__init__()
        self.pre, self.body, self.shortcut, self.drop, self.shared = pre, body, shortcut, drop, shared

    def forward(self, x: Tensor) -> Tensor:
        active = self.pre(x)
        out = self.body(active)
        if self.shortcut is None:
            return out
        return (out if self.drop is None else self.drop(out)) + self.shortcut(active if self.shared else x)


class StochasticDepth(nn.Dropout):
    """In training, leaves out each image with probability p; the others are scaled by 1 / (1 - p)."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        kept = x.new_empty([len(x)] + [1] * (x.dim() - 1)).bernoulli_(1 - self.p)
        return x * kept.div_(1 - self.p)


class Gated(nn.Module):
    """x * gate(x)."""

    def __init__(self, gate: nn.Module):
        super().__init__()
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class SummedGate(nn.Module):
    """sigmoid(layers(mean) + layers(maximum)), over the positions of each channel."""

    def __init__(self, layers: nn.Module, gate: str):
        super().__init__()
        self.layers = layers
        self.mean, self.largest = nn.AdaptiveAvgPool2d((1, 1)), nn.AdaptiveMaxPool2d((1, 1))
        self.gate = nn.Sigmoid() if gate == "sigmoid" else nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(self.layers(self.mean(x)) + self.layers(self.largest(x)))


class Selected(nn.Module):
    """Some of the channels."""

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return x[:, list(self.channels)]


class PadShortcut(nn.Module):
    """Every stride-th position, and channels of zeros behind those that are there."""

    def __init__(self, stride: tuple[int, int], more: int):
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(F.avg_pool2d(x, 1, self.stride), (0, 0, 0, 0, 0, self.more))


class Blur(nn.Module):
    """A binomial filter over each channel, then every stride-th position; the edge is mirrored."""

    kernel: Tensor

    def __init__(self, size: tuple[int, int], stride: tuple[int, int], pads: tuple[int, int, int, int]):
        super().__init__()
        self.size, self.stride, self.pads = size, stride, pads
        self.register_buffer("kernel", torch.empty(1, 1, *size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The filter is fixed: row n of Pascal's triangle, in both directions."""
        rows, columns = (binomial(n).to(self.kernel) for n in self.size)
        self.kernel.copy_(torch.outer(rows, columns)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        padded, kernel = F.pad(x, self.pads, mode="reflect"), self.kernel.expand(channels, 1, *self.size)
        return F.conv2d(padded, kernel, stride=self.stride, groups=channels)


def binomial(n: int) -> Tensor:
    """The n binomial coefficients of n - 1, over their sum.

    >>> binomial(3).tolist()
    [0.25, 0.5, 0.25]
    """
    row = torch.ones(1, dtype=torch.float64, device="cpu")
    for _ in range(n - 1):
        row = F.pad(row, (1, 0)) + F.pad(row, (0, 1))
    return row / row.sum()
