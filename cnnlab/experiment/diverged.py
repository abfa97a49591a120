"""Where did a loss cease to be a number? The epoch is gone through again, looked at step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
from torch import Tensor, nn

from cnnlab.data.dataset import Dataset
from cnnlab.experiment.fitting import classifier, fit
from cnnlab.experiment.job import Job
from cnnlab.training.checkpoint import StoredCheckpoint
from cnnlab.training.classifier import Diverged
from cnnlab.weights.transfer import Transfer


class FirstNonFinite(Exception):
    """The first value that is not finite: which block's, and where in the epoch."""

    def __init__(self, what: str, block: str, epoch: int, moment: str):
        super().__init__(f"it began with the {what} of model.{block}, epoch {epoch}, {moment}")


class Watch(pl.Callback):
    """Raises FirstNonFinite at the first output, gradient or weight of a block that is not finite."""

    def on_train_start(self, trainer: pl.Trainer, module: Any) -> None:
        self.module, self.blocks = module, dict(blocks(module))
        for name, block in self.blocks.items():
            block.register_forward_hook(self.output(name))

    def output(self, name: str) -> Callable[..., None]:
        def hook(_: nn.Module, __: Any, out: Tensor) -> None:
            if not out.isfinite().all():
                self.raise_at("output", name)

        return hook

    def on_after_backward(self, trainer: pl.Trainer, module: Any) -> None:
        for name, block in reversed(self.blocks.items()):  # gradients come from the end
            if any(p.grad is not None and not p.grad.isfinite().all() for p in block.parameters()):
                self.raise_at("gradient", name)

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        for name, block in self.blocks.items():
            if not all(p.isfinite().all() for p in block.parameters()):
                self.raise_at("weights", name, done=True)

    def raise_at(self, what: str, block: str, done: bool = False) -> None:
        step = self.module.progress.step
        moment = f"step {step + (not done)}" if self.module.training else "its validation"
        raise FirstNonFinite(what, block, self.module.current_epoch + 1, moment)


def blocks(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The blocks of body and head by their names in the YAML, in order; of several copies each, as `body.stage3.1`."""
    named = []
    for section in ("body", "head"):
        for name, stage in module.get_submodule(section).named_children():
            copies = list(stage.named_children())
            for number, copy in copies:
                named.append((f"{section}.{name}" + (f".{number}" if len(copies) > 1 else ""), copy))
    return named


def origin(job: Job, dataset: Dataset, weights: Transfer | None, start: StoredCheckpoint | None) -> str | None:
    """Where it began, in words: nothing random has a state, so training again from `start` diverges again.

    None where it does not, which a device that does not compute the same twice could bring about.
    """
    module = classifier(job, dataset, weights)
    try:
        fit(job, module, [Watch()], start.path if start else None)
    except FirstNonFinite as first:
        return str(first)
    except Diverged:
        return None
    return None
