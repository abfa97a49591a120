"""What each block of a network makes of images, and what is asked of it: activations and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab.metrics.gradient_sizes import blocks as kernels
from cnnlab.network.build import Net

COLUMNS = 32
"""of a histogram"""
PIXELS = 128 * 32 * 32
"""of the images in one pass, which keeps all activations for the gradients"""


def rows(net: Net) -> dict[str, nn.Module]:
    """The blocks, and of repeated ones the copies, under the names that the summary has for them."""
    modules: dict[str, nn.Module] = {}
    for section in ("body", "head"):
        for stage, module in getattr(net, section).named_children():
            parts = dict(module.named_children())
            name = f"{section}.{stage}"
            modules |= {name: module} if len(parts) == 1 else {f"{name}.{part}": inner for part, inner in parts.items()}
    return modules


def stages(net: Net) -> dict[str, nn.Module]:
    """The blocks, of repeated ones all copies together."""
    return {
        f"{section}.{name}": module
        for section in ("body", "head")
        for name, module in getattr(net, section).named_children()
    }


@contextmanager
def watched(modules: dict[str, nn.Module], record: Callable[[str, Tensor], None]) -> Iterator[None]:
    """For the time being, `see` is called with what each module leaves."""

    def hook(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda _, __, out: record(name, out)

    handles = [module.register_forward_hook(hook(name)) for name, module in modules.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def outputs(net: Net, x: Tensor) -> dict[str, Tensor]:
    """What each block leaves of images x (B, C, H, W): (B, C, H, W) or (B, F), on the CPU."""
    maps: dict[str, Tensor] = {}

    def record(name: str, out: Tensor) -> None:
        maps[name] = out.float().cpu().clone()  # what follows may change it in place

    with watched(stages(net), record):
        net(x)
    return maps


@dataclass
class RunningSums:
    """Sums over a block's activations and over the gradients that reach them."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    zeros: int = 0
    gradients: float = 0.0
    """sum of the squares of d loss / d activation, each image's own loss"""
    alive: Tensor | None = None
    """which channels were anything but zero"""
    low: float = 0.0
    high: float = 0.0
    columns: Tensor = field(default_factory=lambda: torch.zeros(COLUMNS))

    def add(self, out: Tensor) -> None:
        values = out.detach().float()
        if not self.count:
            self.low, self.high = values.min().item(), values.max().item()
        self.count += values.numel()
        self.total += values.double().sum().item()
        self.squares += values.double().square().sum().item()
        self.zeros += int((values == 0).sum())
        alive = (values != 0).transpose(0, 1).flatten(1).any(1).cpu()
        self.alive = alive if self.alive is None else self.alive | alive
        held = values.clamp(self.low, self.high)
        self.columns += torch.histc(held.cpu(), COLUMNS, self.low, self.high if self.high > self.low else self.low + 1)


@dataclass(frozen=True)
class Stats:
    """A block's activations and gradients over some images."""

    name: str
    mean: float
    std: float
    """around the mean, over images, channels and positions"""
    zeros: float
    """share of the activations that are 0"""
    dead: int
    """channels that are 0 on every image, at every position"""
    channels: int
    low: float
    high: float
    """of the first images: what the histogram spans"""
    histogram: tuple[float, ...]
    """shares"""
    gradient: float
    """root mean square of d loss / d activation"""


@dataclass(frozen=True)
class Kernel:
    """A block's kernel weights, all its copies together, and the gradient of the mean loss."""

    name: str
    weight: float
    """root mean square"""
    gradient: float
    """root mean square"""


def statistics(net: Net, x: Tensor, y: Tensor) -> tuple[list[Stats], list[Kernel]]:
    """Of each block over images x (N, C, H, W) of the classes y, in 32 bits and as the network is: in evaluation mode.

    Its weights, and what of them learns, are afterwards what they were.
    """
    tallies: dict[str, RunningSums] = {name: RunningSums() for name in rows(net)}
    learning = {name: parameter.requires_grad for name, parameter in net.named_parameters()}
    net.zero_grad(set_to_none=True)
    net.requires_grad_(True)
    left: dict[str, Tensor] = {}

    def record(name: str, out: Tensor) -> None:
        tallies[name].add(out)
        if out.requires_grad:
            out.retain_grad()
            left[name] = out

    size = max(1, PIXELS // (x.shape[2] * x.shape[3]))
    with torch.enable_grad():
        for images, truth in zip(x.split(size), y.split(size), strict=True):
            left.clear()
            with watched(rows(net), record):
                F.cross_entropy(net(images.requires_grad_()), truth, reduction="sum").backward()
            for name, out in left.items():
                if out.grad is not None:
                    tallies[name].gradients += out.grad.double().square().sum().item()
    measured = [_kernel(name, weights, len(y)) for name, weights in kernels(net).items() if not name.startswith("aux")]
    net.zero_grad(set_to_none=True)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(learning[name])
    return [_stats(name, tally) for name, tally in tallies.items() if tally.count], measured


def _stats(name: str, tally: RunningSums) -> Stats:
    mean = tally.total / tally.count
    alive = tally.alive if tally.alive is not None else torch.zeros(0)
    return Stats(
        name,
        mean,
        max(tally.squares / tally.count - mean**2, 0.0) ** 0.5,
        tally.zeros / tally.count,
        int((~alive.bool()).sum()),
        len(alive),
        tally.low,
        tally.high,
        tuple((tally.columns / tally.columns.sum().clamp(min=1)).tolist()),
        (tally.gradients / tally.count) ** 0.5,
    )


def _kernel(name: str, weights: list[nn.Parameter], images: int) -> Kernel:
    count = sum(weight.numel() for weight in weights)
    squares = sum(weight.detach().double().square().sum().item() for weight in weights)
    gradients = sum(w.grad.double().square().sum().item() for w in weights if w.grad is not None)
    return Kernel(name, (squares / count) ** 0.5, (gradients / count) ** 0.5 / images)
