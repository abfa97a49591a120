"""What a network makes of a split."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab.data.batches import Batches
from cnnlab.metrics.by_class import TOP, TOP_FROM, ByClass


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and share of right answers; `probabilities` is (N, classes), `truth` (N,), both on the CPU."""

    loss: float
    acc: float
    probabilities: Tensor
    truth: Tensor

    @property
    def predicted(self) -> Tensor:
        return self.probabilities.argmax(1)

    def confusion(self) -> Tensor:
        """int64 (true class, predicted class): how many images."""
        classes = self.probabilities.shape[1]
        pairs = self.truth * classes + self.predicted
        return torch.bincount(pairs, minlength=classes * classes).view(classes, classes)

    @cached_property
    def by_class(self) -> ByClass:
        return ByClass(self.confusion().tolist())

    @property
    def acc5(self) -> float:
        """Share of images whose class is among the five most probable; of equally probable ones the first count."""
        own = self.probabilities.gather(1, self.truth[:, None])
        earlier = torch.arange(self.probabilities.shape[1]) < self.truth[:, None]
        before = (self.probabilities > own) | ((self.probabilities == own) & earlier)
        return int((before.sum(1) < TOP).sum()) / len(self.truth)

    def numbers(self, part: str) -> dict[str, float]:
        """What is recorded of it, under the keys of `part`: test or val."""
        several = {"acc5": self.acc5} if self.probabilities.shape[1] >= TOP_FROM else {}
        found = {"loss": self.loss, "acc": self.acc, "balanced_acc": self.by_class.balanced_acc, "f1": self.by_class.f1}
        return {f"{part}/{name}": value for name, value in {**found, **several}.items()}


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """The numerics of `precision`, for one forward pass: a longer context would reuse weights cast before a step."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


@torch.no_grad()
def evaluate(network: nn.Module, batches: Batches, precision: str = "32") -> Evaluation:
    """Run `network`, in evaluation mode and in its own mode again afterwards, over every image once, in order."""
    was_training = network.training
    network.eval()
    logits, truth = [], []
    for step in range(len(batches)):
        x, y = batches.batch(step)
        with autocast(precision, x.device):
            logits.append(network(x).float())
        truth.append(y)
    network.train(was_training)
    scores, y = torch.cat(logits), torch.cat(truth)
    loss, right = torch.stack((F.cross_entropy(scores, y), (scores.argmax(1) == y).sum())).tolist()
    return Evaluation(loss, right / len(y), scores.softmax(1).cpu(), y.cpu())
