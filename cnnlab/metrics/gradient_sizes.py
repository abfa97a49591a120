"""The callback behind the metric `gradients`: sizes of each block's gradients, and of its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

SAMPLES = 20
"""steps of an epoch that are looked at, spread evenly"""


def blocks(module: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The kernels of each block that has any, in the order of the network; `body.stage1` counts with all its copies."""
    kernels: dict[str, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:  # biases and norms have sizes of their own
            kernels.setdefault(".".join(name.split(".")[:2]), []).append(parameter)
    return kernels


class GradientSizes(pl.Callback):
    """An epoch's `grad/BLOCK` and `update/BLOCK`, means over some of its steps.

    A gradient's size is the root mean square over the block's kernel weights, after clipping; an update's is that of
    the step taken, relative to that of the weights.
    """

    sums: dict[str, Tensor]
    """of a gradient's and an update's size, over the steps of the epoch that were looked at"""

    def __init__(self) -> None:
        self.sums, self.count, self.steps = {}, 0, 0
        self.before: dict[str, list[Tensor]] | None = None

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        self.blocks = blocks(module)
        self.every = max(1, module.steps_an_epoch // SAMPLES)
        self.sums = {name: total.to(module.device) for name, total in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        sums = {name: total.tolist() for name, total in self.sums.items()}
        return {"sums": sums, "count": self.count, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.sums = {name: torch.tensor(total) for name, total in state["sums"].items()}
        self.count, self.steps = state["count"], state["steps"]

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Any) -> None:
        self.sums = {name: torch.zeros(2, device=module.device) for name in self.blocks}
        self.count, self.steps = 0, 0
        self.before = None

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
        if self.steps % self.every == 0:
            self.before = {name: [p.detach().clone() for p in several] for name, several in self.blocks.items()}
            for name, several in self.blocks.items():
                self.sums[name][0] += _rms([p.grad for p in several if p.grad is not None])
        self.steps += 1

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        if self.before is None:
            return
        for name, several in self.blocks.items():
            was = self.before[name]
            steps = [p.detach() - before for p, before in zip(several, was, strict=True)]
            self.sums[name][1] += _rms(steps) / _rms(was).clamp(min=1e-12)
        self.before, self.count = None, self.count + 1

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        means = {name: (total / max(self.count, 1)).tolist() for name, total in self.sums.items()}
        module.measured |= {
            f"{what}/{name}": pair[place]
            for place, what in enumerate(("grad", "update"))
            for name, pair in means.items()
        }


def _rms(tensors: Iterable[Tensor]) -> Tensor:
    several = list(tensors)
    if not several:
        return torch.zeros(())
    squares = torch.stack([tensor.float().square().sum() for tensor in several]).sum()
    return (squares / sum(tensor.numel() for tensor in several)).sqrt()


def first_to_last(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """`grad/first_to_last`, `update/first_to_last`: the first block's by the last one's, geometric mean over epochs.

    >>> first_to_last([{"grad/body.c1": 1.0, "grad/head.out": 4.0}, {"grad/body.c1": 1.0, "grad/head.out": 1.0}])
    {'grad/first_to_last': 0.5}
    """
    ratios = {}
    rows = list(rows)
    for what in ("grad", "update"):
        logs = []
        for row in rows:
            sizes = [value for key, value in row.items() if key.startswith(f"{what}/")]
            if sizes and sizes[0] and sizes[-1]:
                logs.append(math.log(sizes[0] / sizes[-1]))
        if logs:
            ratios[f"{what}/first_to_last"] = math.exp(sum(logs) / len(logs))
    return ratios
