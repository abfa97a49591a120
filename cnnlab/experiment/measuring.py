"""What a run measures besides, where `metrics=` asks for it: after each epoch, or of its best checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytorch_lightning as pl
from torch import nn

from cnnlab.data.batches import Batches
from cnnlab.data.dataset import Dataset
from cnnlab.data.splits import Split
from cnnlab.errors import Fault, UserError
from cnnlab.metrics.metric import Look, Metric, recorded
from cnnlab.registry import kind_of
from cnnlab.training.evaluate import Evaluation, evaluate


@dataclass(frozen=True)
class Measuring:
    """The metrics of one run, with what they look at."""

    metrics: Sequence[Metric]
    feed: Callable[[Split], Batches]
    dataset: Dataset
    precision: str

    def callbacks(self) -> list[pl.Callback]:
        """What watches the training for them."""
        watching = [callback for metric in self.metrics if (callback := metric.callback())]
        by_epoch = [metric for metric in self.metrics if metric.when == "epoch"]
        return [*watching, *([EpochMetrics(replace(self, metrics=by_epoch))] if by_epoch else [])]

    def at_end(self, network: nn.Module, tested: Evaluation, rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        """Of the best checkpoint, by keys of result.json."""
        return self.of([metric for metric in self.metrics if metric.when == "end"], network, tested, rows)

    def of(
        self,
        metrics: Iterable[Metric],
        network: nn.Module,
        predictions: Evaluation,
        rows: Iterable[Mapping[str, Any]] = (),
    ) -> dict[str, float]:
        def on(split: Split) -> Evaluation:
            return evaluate(network, self.feed(split), self.precision)

        measured: dict[str, float] = {}
        look = Look(network, self.dataset, predictions, on, list(rows))
        for metric in metrics:
            was_training = network.training
            network.eval()
            try:
                measured |= recorded(metric, metric.measure(look))
            except ValueError as error:
                raise UserError(Fault("metrics", f"{kind_of(type(metric))} {error}")) from None
            network.train(was_training)
        return measured


class EpochMetrics(pl.Callback):
    """Callback that measures after each epoch, on the validation images."""

    def __init__(self, measuring: Measuring):
        self.measuring = measuring

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        measuring = self.measuring
        with module.judged_weights():
            module.measured |= measuring.of(measuring.metrics, module, module.validated)
