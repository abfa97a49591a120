"""What fine-tuning needs: which weights are frozen in which epoch, and the optimiser's settings of each block.

Pure functions of names and the epoch, so that nothing has to be saved or restored.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.blame import written_at
from cnnlab.errors import Fault, UserError
from cnnlab.network.choose import chosen
from cnnlab.registry import SHIPPED, returned
from cnnlab.training.optimizer import Optimizer

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


def groups(weights: Iterable[tuple[str, nn.Parameter]], settings: Optimizer) -> list[dict[str, Any]]:
    """The weights as groups for the optimizer, one for each pair of factors, in the order in which they first occur.

    A group has its `lr_factor` beside it, which the learning rate of each step is multiplied by.
    """
    grouped: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in weights:
        rate, decay = (chosen(name, table) for table in (settings.lr_factors, settings.weight_decay_factors))
        grouped.setdefault((1.0 if rate is None else rate, 1.0 if decay is None else decay), []).append(weight)
    decays = getattr(settings, "weight_decay", None)
    return [
        {"params": params, "lr_factor": rate, **({} if decays is None else {"weight_decay": decays * decay})}
        for (rate, decay), params in grouped.items()
    ]


def built(settings: Optimizer, weights: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.Optimizer:
    """The optimizer of these weights. UserError where its record makes none, or one that does not have them all."""
    parts = groups(weights, settings)
    try:
        made = settings.build(parts)
    except (TypeError, ValueError) as error:
        if not type(settings).__module__.startswith(SHIPPED):
            raise
        raise UserError(Fault("optimizer", f"{settings.kind} cannot be made: {error}")) from None
    if not isinstance(made, torch.optim.Optimizer):
        raise UserError(Fault("optimizer", returned(settings, "build", made, "one of torch's optimizers")))
    if not _takes_closure(made):
        message = "its optimizer's step() should take (self, closure=None), as those of torch do"
        raise UserError(Fault("optimizer", f"{message}{written_at(type(made), 'step')}"))
    learning = {id(weight) for group in made.param_groups for weight in group["params"] if "lr_factor" in group}
    if any(id(weight) not in learning for part in parts for weight in part["params"]):
        message = "the optimizer that its build() returns lacks some of the groups; hand them on as they are"
        raise UserError(Fault("optimizer", f"{message}{written_at(type(settings), 'build')}"))
    return made


def _takes_closure(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step can be made as Lightning makes it."""
    try:
        inspect.signature(optimizer.step).bind(closure=None)
    except TypeError:
        return False
    return True
