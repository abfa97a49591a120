"""Muon for a network's matrices and AdamW for its other weights, as one optimizer that is saved and resumed whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class MuonAndAdamW(torch.optim.Optimizer):
    """Torch's Muon and AdamW behind one list of groups and one state.

    Muon takes flat matrices only. A convolution's kernels, (out, in, rows, columns), are copied into one of
    (out, in·rows·columns) before each step and back after it; a copy is small beside the products of matrices
    that Muon makes of it, and needs no assumption on how the kernels lie in memory.
    """

    def __init__(
        self, groups: list[dict[str, Any]], lr: float, settings: Mapping[str, Any], betas: tuple[float, float]
    ):
        halves = [
            {**group, "params": some, "lr": lr, "matrices": wanted}
            for group in groups
            for wanted in (True, False)
            if (some := [weight for weight in group["params"] if is_matrix(weight) == wanted])
        ]
        super().__init__(halves, {})
        self.flat = {
            weight: nn.Parameter(weight.detach().flatten(1).clone())
            for group in self.param_groups
            if group["matrices"]
            for weight in group["params"]
        }
        matrices = [
            {**group, "params": [self.flat[weight] for weight in group["params"]]}
            for group in self.param_groups
            if group["matrices"]
        ]
        rest = [dict(group) for group in self.param_groups if not group["matrices"]]
        self.halves: list[tuple[bool, torch.optim.Optimizer]] = []
        """whether it is that of the matrices, and the optimizer"""
        if matrices:
            self.halves.append((True, torch.optim.Muon(matrices, lr, **settings)))
        if rest:
            self.halves.append((False, torch.optim.AdamW(rest, lr, betas)))

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if closure is not None:
            with torch.enable_grad():
                closure()
        learning = {weight: flat for weight, flat in self.flat.items() if weight.grad is not None}
        for weight, flat in self.flat.items():
            flat.grad = None if weight.grad is None else weight.grad.flatten(1)
        for weight, flat in learning.items():
            flat.copy_(weight.flatten(1))
        for of_matrices, half in self.halves:
            mine = [group for group in self.param_groups if group["matrices"] == of_matrices]
            for group, own in zip(half.param_groups, mine, strict=True):
                group.update({key: own[key] for key in ("lr", "weight_decay") if key in own})
                self._share(half, group["params"], own["params"])
            half.step()
        for weight, flat in learning.items():
            weight.copy_(flat.view_as(weight))

    def _share(self, half: torch.optim.Optimizer, copies: list[Tensor], weights: list[Tensor]) -> None:
        """Let a half keep its state of each weight in the one that checkpoints hold."""
        for own, weight in zip(copies, weights, strict=True):
            if own.grad is not None:
                half.state[own] = self.state[weight]


def is_matrix(weight: Tensor) -> bool:
    """Whether a weight maps several numbers to several: kernels of convolutions and linear layers, but no gains."""
    return weight.dim() > 1 and len(weight) > 1 and weight[0].numel() > 1
