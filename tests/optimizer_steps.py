"""Weights of a small network, and steps of an optimizer on gradients that are the same each time."""

from __future__ import annotations

import torch
from torch import nn


def weights() -> list[tuple[str, nn.Parameter]]:
    torch.manual_seed(0)
    shapes = {"body.a.weight": (4, 3, 3, 3), "body.a.bias": (4,), "body.g.gain": (4, 1, 1), "head.weight": (5, 4)}
    return [(name, nn.Parameter(torch.randn(shape))) for name, shape in shapes.items()]


def learn(optimizer: torch.optim.Optimizer, named: list[tuple[str, nn.Parameter]], first: int, last: int) -> None:
    for step in range(first, last):
        for place, (_, weight) in enumerate(named):
            torch.manual_seed(100 * step + place)
            weight.grad = torch.randn(weight.shape)
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * group["lr_factor"]
        optimizer.step()
