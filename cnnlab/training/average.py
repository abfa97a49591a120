"""The exponential moving average of a network's weights over its optimizer's steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import floor
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from cnnlab.text import plural


class WeightAverage:
    """Average of a module's weights: average <- decay * average + (1 - decay) * weights, after each optimizer's step.

    It starts as the weights are. Running statistics of norms are averaged likewise, as timm's ModelEmaV3 and
    torchvision's references do; whole numbers, such as how many batches a norm has seen, are taken as they are.
    """

    def __init__(self, module: nn.Module, decay: float, average: Mapping[str, Tensor] | None = None):
        """Of `module`, where it lies now; going on from `average`, by the names of its state, where there is one."""
        self.follow: Any = get_ema_multi_avg_fn(decay)
        self.weights: dict[str, Tensor] = dict(module.state_dict())  # the module's own tensors, not copies
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        if average is not None:
            for name, value in self.average.items():
                value.copy_(average[name])
        averaged = [name for name, weight in self.weights.items() if weight.is_floating_point()]
        self.pairs = [self.average[name] for name in averaged], [self.weights[name] for name in averaged]
        self.copied = [name for name in self.weights if name not in averaged]

    @torch.no_grad()
    def update(self) -> None:
        """Follow the weights after a step."""
        averages, weights = self.pairs
        self.follow(averages, weights, 0)
        for name in self.copied:
            self.average[name].copy_(self.weights[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module has the average as its weights meanwhile."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for name, weight in self.weights.items():
            kept = weight.clone()
            weight.copy_(self.average[name])
            self.average[name].copy_(kept)


FIRST_WEIGHTS = 0.01
"""share of the first weights in the average at the end, from which on it is told"""


def slowness(decay: float, steps: int) -> str | None:
    """What is to be said of an average that so many steps are too few for.

    >>> slowness(0.999, 10)
    'ema.decay=0.999 is slow for 10 steps: 99 % of the average are still the first weights; at 0.63 it would be 1 %'
    >>> slowness(0.9, 100)
    """
    if (rest := decay**steps) <= FIRST_WEIGHTS:
        return None
    enough = floor(1000 * FIRST_WEIGHTS ** (1 / steps)) / 1000
    said = f"{100 * rest:.0f} % of the average are still the first weights"
    return f"ema.decay={decay:g} is slow for {plural(steps, 'step')}: {said}; at {enough:g} it would be 1 %"
