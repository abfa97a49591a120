"""The network as a LightningModule."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from cnnlab.data.batches import Batches
from cnnlab.network.build import Net, with_aux
from cnnlab.network.start import stream
from cnnlab.training.average import WeightAverage
from cnnlab.training.evaluate import evaluate
from cnnlab.training.optimizer import Optimizer
from cnnlab.training.schedules import Schedule
from cnnlab.training.steps import Progress
from cnnlab.training.tuning import Freeze, Tuning, built

LOOK_EVERY = 25
"""steps between two looks at whether the loss is still finite; each one waits for the device"""

LEARNING = "learning_state_dict"
"""where a checkpoint whose `state_dict` is an average keeps the weights that go on learning"""


class Diverged(Exception):
    """A loss, or something that training has brought about, is not finite any more."""


class _Absent:
    """An attribute that a base class has and this one has not."""

    def __init__(self, instead: str):
        self.instead = instead

    def __get__(self, instance: object, owner: type) -> None:
        raise AttributeError(f"{owner.__name__} has no such method; {self.instead}")


class Classifier(pl.LightningModule):
    """Trains a network, images (B, C, H, W) -> logits (B, classes), by a loss.

    Logs {train,val}/{loss,acc} an epoch, and what else is recorded of validation. Its weights are named as the
    network's are: `body.…`, `head.…`. Everything random is a function: the order of (seed, epoch), augmentation of
    (seed, epoch, sample), dropout of (seed, step).
    """

    load_from_checkpoint = _Absent("cnnlab.load(PATH) reads its checkpoints")  # pyright: ignore

    def __init__(
        self,
        net: Net,
        train: Batches,
        val: Batches,
        *,
        optimizer: Optimizer,
        schedule: Schedule,
        loss: nn.Module,
        seed: int = 0,
        clip: float | None = None,
        accumulate: int = 1,
        precision: str = "32",
        freeze: Freeze | None = None,
        ema_decay: float | None = None,
        facts: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.automatic_optimization = False
        self.body, self.head, self.aux = net.body, net.head, net.aux
        self.train_batches, self.val_batches = train, val
        self.optimizer, self.schedule = optimizer, schedule
        self.seed, self.clip, self.accumulate = seed, clip, accumulate
        self.of_loss = (loss,)
        """in a tuple, for it is no part of the network, whose names its weights have"""
        self.precision, self.facts = precision, facts or {}
        self.tuning = Tuning(net, freeze or {})
        self.ema_decay = ema_decay
        self.average: WeightAverage | None = None
        """of the weights, from the start of training on, where one is asked for"""
        self.average_before: dict[str, Tensor] | None = None
        """the average that a checkpoint holds, to go on from"""
        self.measured: dict[str, float] = {}
        """what callbacks have measured in the epoch, for its row"""
        self.logged_before: dict[str, Tensor] = {}
        """what had been logged before the epoch: Lightning keeps it, but it is not the epoch's"""
        self.noisy = any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in self.modules())
        self.progress = Progress()

    @property
    def loss(self) -> nn.Module:
        return self.of_loss[0]

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

    def train(self, mode: bool = True) -> Classifier:
        super().train(mode)
        if mode and hasattr(self, "tuning"):
            self.tuning.hold()
        return self

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return built(self.optimizer, self.named_parameters())

    def on_train_start(self) -> None:
        self.loss.to(self.device)
        if self.ema_decay is not None:
            self.average = WeightAverage(self, self.ema_decay, self.average_before)
        self.clock = time.perf_counter()
        if self.progress.step:  # going on within an epoch, whose start Lightning does not tell again
            self.tuning.start_epoch(self.current_epoch)
            self.train_batches.start_epoch(self.current_epoch)

    def on_train_epoch_start(self) -> None:
        self.measured, self.logged_before = {}, dict(self.trainer.callback_metrics)
        self.tuning.start_epoch(self.current_epoch)
        self.train_batches.start_epoch(self.current_epoch)
        self.progress = Progress(sums=torch.zeros(2, device=self.device))
        self.clock = time.perf_counter()

    def training_step(self, batch: tuple[int, int], _: int) -> None:
        """The steps of a range (first, end)."""
        for step in range(*batch):
            self.step(step)
            if self.global_step == self.trainer.max_steps:
                self.trainer.should_stop = True  # or Lightning ends the epoch without validation
                break
        self.progress.seconds += time.perf_counter() - self.clock
        self.clock = time.perf_counter()

    def step(self, step: int) -> None:
        """Learn from one batch."""
        x, y = self.train_batches.batch(step)
        if self.noisy:
            torch.manual_seed(stream(self.seed, f"dropout/{self.current_epoch}/{step}"))
        logits, sides = with_aux(self.body, self.head, self.aux, x)
        logits = logits.float()
        loss = self.loss(logits, y)
        last = step == len(self.train_batches) - 1
        self.learn(loss + self.side_loss(sides, y), step, last)
        progress = self.progress
        with torch.no_grad():
            progress.sums += torch.stack((loss.detach() * len(y), (logits.argmax(1) == y).sum()))
        progress.step, progress.seen = step + 1, progress.seen + len(y)
        if step % LOOK_EVERY == 0 or last:
            self.look("the loss", progress.sums[:1])

    def look(self, what: str, *values: Tensor) -> None:
        """Raise Diverged if one of `values` is not finite. Waits for the device."""
        if not all_finite(values):
            moment = f"epoch {self.current_epoch + 1}, step {self.progress.step}"
            raise Diverged(f"{what} is not finite any more ({moment})")

    def look_at_state(self) -> None:
        """Raise Diverged where a checkpoint would hold what nothing can go on from: NaN or infinity."""
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        kept = [
            value
            for state in optimizer.state.values()
            for value in state.values()
            if isinstance(value, Tensor) and value.dim()
        ]
        self.look("the loss", self.progress.sums[:1])
        average = self.average.average.values() if self.average else ()
        self.look("a weight", *self.parameters(), *self.buffers(), *kept, *average)

    def side_loss(self, sides: dict[str, Tensor], y: Tensor) -> Tensor | float:
        """The weighted losses of the auxiliary heads: learned from, but no part of the train/loss that is told."""
        if self.aux is None:
            return 0.0
        losses = {name: self.loss(out.float(), y) for name, out in sides.items()}
        return sum(self.aux.weights[name] * loss for name, loss in losses.items())

    def learn(self, loss: Tensor, step: int, last: bool) -> None:
        """Add the gradients of a batch; every `accumulate` batches, and at the epoch's end, make a step of them.

        The loss is a mean over the batch's images. Each is weighted by its number of images, so that the step is that
        of the mean over all images of the batches that it is made of, also where the last one is smaller.
        """
        optimizer: Any = self.optimizers()
        self.manual_backward(loss / self.batches_of_its_size(step))
        if (step + 1) % self.accumulate and not last:
            return
        rate = self.rate(self.global_step)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["lr_factor"]
        if self.clip:
            self.clip_gradients(optimizer, self.clip, "norm")
        optimizer.step()
        optimizer.zero_grad()
        if self.average:
            self.average.update()

    def batches_of_its_size(self, step: int) -> float:
        """How many batches of this one's size the images of its optimiser's step would make."""
        if self.accumulate == 1:
            return 1.0
        first = step - step % self.accumulate
        end = min(first + self.accumulate, len(self.train_batches))
        return self.train_batches.images(first, end) / self.train_batches.images(step, step + 1)

    def judged_weights(self) -> AbstractContextManager[None]:
        """Meanwhile the network has the weights that it is judged by: their average, where there is one."""
        return self.average.in_place() if self.average else nullcontext()

    def rate(self, step: int) -> float:
        """The learning rate of an optimiser's step, counted from 0 over all of training, before blocks' factors."""
        return self.optimizer.lr * self.schedule.factor(step, self.total_steps, self.steps_an_epoch)

    def validation_step(self, batch: tuple[int, int], _: int) -> None:
        """All of the validation images in one go."""
        with self.judged_weights():
            evaluation = evaluate(self, self.val_batches, self.precision)
        self.look("the validation loss", torch.tensor(evaluation.loss))
        self.validated = evaluation
        self.judged = evaluation.numbers("val")
        self.log_dict(self.judged, batch_size=1)

    def row(self) -> dict[str, float]:
        """The epoch just ended, as the record has it. One read from the device."""
        done = self.progress
        loss, acc = (total / done.seen for total in done.sums.tolist())
        learned = {"train/loss": loss, "train/acc": acc}
        speed = {"seconds": done.seconds, "images_per_second": done.seen / done.seconds}
        rate_and_speed = {"lr": self.rate(self.global_step - 1), "step": self.global_step, **speed}
        own = {"epoch": self.current_epoch + 1, **learned, **self.judged, **rate_and_speed, **self.measured}
        return {**own, **{key: value for key, value in self.logged().items() if key not in own}}

    def logged(self) -> dict[str, float]:
        """What callbacks have logged in the epoch through `self.log`."""
        values = self.trainer.callback_metrics.items()
        return {key: float(value) for key, value in values if self.logged_before.get(key) is not value}

    def log(self, name: str, value: Any, *args: Any, batch_size: int | None = None, **more: Any) -> None:
        """Lightning's; a batch is a range of steps here, whose images it cannot count."""
        super().log(name, value, *args, batch_size=batch_size or self.train_batches.batch_size, **more)

    def on_train_epoch_end(self) -> None:
        row = self.row()
        logged = {key: row[key] for key in ("train/loss", "train/acc", "lr")}
        self.log_dict({**logged, "step": float(self.global_step)}, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        progress = self.progress.plain()
        if not self.facts.get("steps"):  # at an epoch's end the time it took is in its row, and equal runs are equal
            progress["seconds"] = 0.0
        checkpoint["cnnlab"] = {**self.facts, "progress": progress}
        if self.average:  # what is judged stands where every reader looks; what learns, beside it
            checkpoint |= {"state_dict": self.average.average, LEARNING: checkpoint["state_dict"]}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.progress = Progress.of(checkpoint["cnnlab"]["progress"], self.device)
        if LEARNING in checkpoint:
            self.average_before = checkpoint["state_dict"]
            checkpoint["state_dict"] = checkpoint[LEARNING]


def all_finite(values: Iterable[Tensor]) -> bool:
    """Whether no number in any of `values`, all on one device, is NaN or infinite. One read from it."""
    return bool(torch.stack([value.isfinite().all() for value in values]).all())
