"""What fine-tuning needs: which weights are frozen in which epoch, and the optimiser's settings of each block.

Pure functions of names and the epoch, so that nothing has to be saved or restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from cnnlab.network.choose import chosen
from cnnlab.training.settings import Adam, Sgd

Freeze = Mapping[str, int | None]
"""patterns of names, and for how many epochs what they match is frozen; None: all through"""


def frozen(name: str, freeze: Freeze, epoch: int) -> bool:
    """Whether a weight, or a layer, of this name learns nothing in an epoch, counted from 0."""
    epochs = chosen(name, {pattern: (epochs,) for pattern, epochs in freeze.items()})
    return epochs is not None and (epochs[0] is None or epoch < epochs[0])


class Tuning:
    """Freezes a network's weights and frees them again, by the epoch."""

    def __init__(self, net: nn.Module, freeze: Freeze):
        self.freeze = freeze
        self.weights: list[tuple[str, nn.Parameter]] = list(net.named_parameters()) if freeze else []
        self.norms = [(name, module) for name, module in net.named_modules() if freeze and _runs(module)]
        self.still: list[nn.Module] = []
        """norms that are frozen now"""
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        for name, weight in self.weights:
            weight.requires_grad_(not frozen(name, self.freeze, epoch))
        self.still = [norm for name, norm in self.norms if frozen(f"{name}.running_mean", self.freeze, epoch)]
        self.hold()

    def hold(self) -> None:
        """Frozen norms stay in evaluation mode: their running statistics are part of what is frozen."""
        for norm in self.still:
            norm.eval()

    def summary(self, epochs: int) -> str | None:
        """What is frozen at first, in a line, for a run of so many epochs; None for nothing."""
        total, still = (
            sum(weight.numel() for name, weight in self.weights if every or frozen(name, self.freeze, 0))
            for every in (True, False)
        )
        freed = sorted({until for until in self.freeze.values() if until and until < epochs})
        until = f"; some learn again after epoch {', '.join(map(str, freed))}" if freed else ""
        beyond = [f"{name} for {until}" for name, until in self.freeze.items() if until and until >= epochs]
        never = f"; {', '.join(beyond)} epochs, but the run has {epochs}" if beyond else ""
        return f"frozen: {still:,} of {total:,} parameters{until}{never}" if still else None


def _runs(module: nn.Module) -> bool:
    return getattr(module, "running_mean", None) is not None


def groups(weights: Iterator[tuple[str, nn.Parameter]], settings: Sgd | Adam) -> list[dict[str, Any]]:
    """The weights as groups for the optimiser, one for each pair of factors, in the order in which they first occur.

    A group has its `lr_factor` beside it, which the learning rate of each step is multiplied by.
    """
    found: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in weights:
        rate, decay = (chosen(name, table) for table in (settings.lr_factors, settings.weight_decay_factors))
        found.setdefault((1.0 if rate is None else rate, 1.0 if decay is None else decay), []).append(weight)
    return [
        {"params": params, "lr_factor": rate, "weight_decay": settings.weight_decay * decay}
        for (rate, decay), params in found.items()
    ]
