"""The network as a LightningModule."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlab.data.batches import Batches
from cnnlab.network.build import Net, stream
from cnnlab.training.evaluate import evaluate
from cnnlab.training.schedule import factor
from cnnlab.training.settings import Adam, AdamW, Schedule, Sgd

LOOK_EVERY = 25
"""steps between two looks at whether the loss is still finite; each one waits for the device"""


class Diverged(Exception):
    """The loss is not finite any more."""


class Steps:
    """What Lightning iterates: the numbers of an epoch's steps. The images are in memory; nothing is loaded.

    It holds no epoch and no order, so it does not matter when Lightning calls iter() on it.
    """

    def __init__(self, count: int):
        self.count = count

    def __iter__(self) -> Iterator[tuple[int]]:
        return ((step,) for step in range(self.count))

    def __len__(self) -> int:
        return self.count


class Classifier(pl.LightningModule):
    """Trains a network, images (B, C, H, W) -> logits (B, classes), by cross-entropy.

    Logs {train,val}/{loss,acc} an epoch. Its weights are named as the network's are: `body.…`, `head.…`. Everything
    random is a function: the order of (seed, epoch), augmentation of (seed, epoch, sample), dropout of (seed, step).
    """

    def __init__(
        self,
        net: Net,
        train: Batches,
        val: Batches,
        *,
        optimizer: Sgd | Adam,
        schedule: Schedule,
        seed: int = 0,
        label_smoothing: float = 0.0,
        clip: float | None = None,
        accumulate: int = 1,
        precision: str = "32",
        facts: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.automatic_optimization = False
        self.body, self.head = net.body, net.head
        self.train_batches, self.val_batches = train, val
        self.optimizer, self.schedule = optimizer, schedule
        self.seed, self.label_smoothing, self.clip, self.accumulate = seed, label_smoothing, clip, accumulate
        self.precision, self.facts = precision, facts or {}
        self.measured: dict[str, float] = {}
        """what callbacks have measured in the epoch, for its row"""
        self.noisy = any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in self.modules())

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    @property
    def steps_an_epoch(self) -> int:
        """Optimiser steps."""
        return math.ceil(len(self.train_batches) / self.accumulate)

    @property
    def total_steps(self) -> int:
        epochs = self.trainer.max_epochs or 1
        steps = epochs * self.steps_an_epoch
        return min(steps, self.trainer.max_steps) if self.trainer.max_steps > 0 else steps

    def configure_optimizers(self) -> torch.optim.Optimizer:
        match self.optimizer:
            case Sgd(lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=decay):
                return torch.optim.SGD(
                    self.parameters(), lr, momentum, nesterov=nesterov and momentum > 0, weight_decay=decay
                )
            case AdamW(lr=lr, betas=betas, eps=eps, weight_decay=decay):
                return torch.optim.AdamW(self.parameters(), lr, betas, eps, decay)
            case Adam(lr=lr, betas=betas, eps=eps, weight_decay=decay):
                return torch.optim.Adam(self.parameters(), lr, betas, eps, decay)

    def on_train_epoch_start(self) -> None:
        self.train_batches.start_epoch(self.current_epoch)
        self.sums, self.seen = torch.zeros(2, device=self.device), 0
        self.clock = time.perf_counter()

    def training_step(self, batch: tuple[int], _: int) -> None:
        (step,) = batch
        x, y = self.train_batches.batch(step)
        if self.noisy:
            torch.manual_seed(stream(self.seed, f"dropout/{self.current_epoch}/{step}"))
        logits = self(x).float()
        loss = F.cross_entropy(logits, y, label_smoothing=self.label_smoothing)
        last = step == len(self.train_batches) - 1
        self.learn(loss, step, last)
        with torch.no_grad():
            self.sums += torch.stack((loss.detach() * len(y), (logits.argmax(1) == y).sum()))
        self.seen += len(y)
        if (step % LOOK_EVERY == 0 or last) and not torch.isfinite(self.sums[0]):
            raise Diverged(f"the loss is not finite any more (epoch {self.current_epoch + 1}, step {step + 1})")

    def learn(self, loss: Tensor, step: int, last: bool) -> None:
        """Add the gradients of a batch; every `accumulate` batches, and at the epoch's end, make a step of them."""
        optimizer: Any = self.optimizers()
        first_of = step - step % self.accumulate
        self.manual_backward(loss / min(self.accumulate, len(self.train_batches) - first_of))
        if (step + 1) % self.accumulate and not last:
            return
        rate = self.optimizer.lr * factor(self.schedule, self.global_step, self.total_steps, self.steps_an_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        if self.clip:
            self.clip_gradients(optimizer, self.clip, "norm")
        optimizer.step()
        optimizer.zero_grad()

    def validation_step(self, batch: tuple[int], _: int) -> None:
        """All of the validation images in one go."""
        learned = time.perf_counter() - self.clock  # what an epoch takes is what learning takes
        self.speed = {"seconds": learned, "images_per_second": self.seen / learned}
        found = evaluate(self, self.val_batches, self.precision)
        self.judged = {"val/loss": found.loss, "val/acc": found.acc}
        self.log_dict(self.judged, batch_size=1)

    def row(self) -> dict[str, float]:
        """The epoch just ended, as the record has it. One read from the device."""
        loss, acc = (total / self.seen for total in self.sums.tolist())
        rate = self.optimizers().param_groups[0]["lr"]  # type: ignore[union-attr]
        learned = {"train/loss": loss, "train/acc": acc}
        ends = {"lr": rate, "step": self.global_step, **self.speed}
        return {"epoch": self.current_epoch + 1, **learned, **self.judged, **ends, **self.measured}

    def on_train_epoch_end(self) -> None:
        row = self.row()
        logged = {key: row[key] for key in ("train/loss", "train/acc", "lr")}
        self.log_dict({**logged, "step": float(self.global_step)}, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["cnnlab"] = self.facts
