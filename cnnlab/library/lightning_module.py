"""`cnnlab.module`: a network as a plain LightningModule, for any Trainer and any DataLoader of images and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from cnnlab.errors import Fault, UserError
from cnnlab.network.build import Net
from cnnlab.training.losses import LOSSES, CrossEntropy, Loss
from cnnlab.training.optimizer import Optimizer
from cnnlab.training.optimizers import OPTIMIZERS, AdamW
from cnnlab.training.schedules import SCHEDULES, Constant, Schedule
from cnnlab.training.tuning import built

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""logits (B, classes) and labels (B,) -> a number"""


class NetworkModule(pl.LightningModule):
    """Trains a network (B, C, H, W) -> logits (B, classes) on batches (images, labels), by automatic optimization.

    Logs {train,val,test}/{loss,acc} and, of val and test, the metrics. Auxiliary heads of a network from `cnnlab.build`
    learn too. What `cnnlab.train` promises of resumption and of pairs of runs does not hold here: the order of the
    images and what they are changed by are the DataLoader's.
    """

    def __init__(
        self,
        net: nn.Module,
        loss: LossFunction,
        optimizer: Optimizer,
        schedule: Schedule,
        metrics: Mapping[str, nn.Module],
    ):
        super().__init__()
        self.net, self.loss = net, loss
        self.optimizer, self.schedule = optimizer, schedule
        self.metrics = nn.ModuleDict({f"{part}_{name}": _copy(metric) for part in ("val", "test")
                                      for name, metric in metrics.items()})  # fmt: skip
        self.names = tuple(metrics)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: Any, _: int) -> Tensor:
        x, y = _images_and_labels(batch)
        logits, sides = self.net.with_aux(x) if isinstance(self.net, Net) else (self.net(x), {})
        _check(logits, y)
        loss = self.loss(logits, y)
        self._log("train", loss, logits, y)
        for name, output in sides.items():
            loss = loss + self.net.aux.weights[name] * self.loss(output, y)  # type: ignore[union-attr]
        return loss

    def validation_step(self, batch: Any, _: int) -> None:
        self._judge("val", batch)

    def test_step(self, batch: Any, _: int) -> None:  # noqa: PT019
        self._judge("test", batch)

    def _judge(self, part: str, batch: Any) -> None:
        x, y = _images_and_labels(batch)
        logits = self.net(x)
        _check(logits, y)
        self._log(part, self.loss(logits, y), logits, y)
        for name in self.names:
            metric = self.metrics[f"{part}_{name}"]
            metric.update(logits, y)  # type: ignore[operator]
            self.log(f"{part}/{name}", metric)  # type: ignore[arg-type]

    def _log(self, part: str, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        right = (logits.argmax(1) == (y if y.dim() == 1 else y.argmax(1))).float().mean()
        values = {f"{part}/loss": loss.detach(), f"{part}/acc": right}
        self.log_dict(values, batch_size=len(logits), on_step=False, on_epoch=True)

    def configure_optimizers(self) -> Any:
        """The optimizer of the record, its rate by the schedule, a pure function of the step."""
        optimizer = built(self.optimizer, self.named_parameters())
        factors = [group["lr_factor"] for group in optimizer.param_groups]
        total = max(1, int(self.trainer.estimated_stepping_batches))
        an_epoch = total / max(1, self.trainer.max_epochs or 1)

        def of_group(lr_factor: float) -> Callable[[int], float]:
            return lambda step: lr_factor * self.schedule.factor(min(step, total - 1), total, an_epoch)

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [of_group(factor) for factor in factors])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def network_module(
    net: nn.Module,
    *,
    loss: Loss | LossFunction | str = "cross_entropy",
    metrics: Mapping[str, nn.Module] | None = None,
    optimizer: Optimizer | str | None = None,
    schedule: Schedule | str | None = None,
) -> NetworkModule:
    """A network as a plain LightningModule: any Trainer fits it to any DataLoader of (images, labels).

    `net` maps images (B, C, H, W) to logits (B, classes). `loss`, `optimizer` and `schedule` are records such as
    `cnnlab.AdamW(lr=1e-3)`, their names with the usual settings, or for the loss any function of (logits, labels);
    `metrics` are torchmetrics by name. Raises UserError where one of them cannot be used.
    """
    faults: list[Fault] = []
    learned = _record(loss, LOSSES, "loss", faults) if isinstance(loss, str) else loss
    chosen = _record(optimizer, OPTIMIZERS, "optimizer", faults) if isinstance(optimizer, str) else optimizer
    curve = _record(schedule, SCHEDULES, "schedule", faults) if isinstance(schedule, str) else schedule
    for name, metric in (metrics or {}).items():
        if not all(hasattr(metric, method) for method in ("update", "compute", "reset")):
            faults.append(Fault(f"metrics.{name}", "should be a metric of torchmetrics"))
    if not isinstance(net, nn.Module):
        faults.append(Fault("net", f"should be a module of torch, not {type(net).__name__}"))
    if not isinstance(learned, Loss) and not callable(learned):
        faults.append(Fault("loss", f"should be a function of logits and labels, not {type(learned).__name__}"))
    for path, value, base in (("optimizer", chosen, Optimizer), ("schedule", curve, Schedule)):
        if value is not None and not isinstance(value, base):
            example = "cnnlab.AdamW(lr=1e-3)" if base is Optimizer else "cnnlab.Cosine()"
            faults.append(Fault(path, f"should be a record such as {example}, not {type(value).__name__}"))
    if faults:
        raise UserError(*faults)
    function: Any = learned.build() if isinstance(learned, Loss) else learned
    return NetworkModule(net, function, chosen or AdamW(lr=1e-3), curve or Constant(), metrics or {})


def _record(name: str, registry: Any, path: str, faults: list[Fault]) -> Any:
    record, wrong = registry.read({"kind": name}, path)
    faults += wrong
    return record or CrossEntropy()


def _copy(metric: nn.Module) -> nn.Module:
    from copy import deepcopy

    return deepcopy(metric)


def _images_and_labels(batch: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(batch, list | tuple) or len(batch) != 2 or not all(isinstance(part, Tensor) for part in batch):
        raise UserError(Fault("batch", "a batch should be (images, labels), two tensors"))
    return batch[0], batch[1]


def _check(logits: object, y: Tensor) -> None:
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != len(y):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise UserError(Fault("net", f"its output should be logits (B, classes), not {shape}"))
