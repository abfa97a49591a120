"""How often the classes of a run's data are, what that alone would give, and whether the network has learned more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnlab.config.run import Run
from cnnlab.data.dataset import Dataset
from cnnlab.data.splits import Split
from cnnlab.metrics.by_class import ByClass, Shares, balancing, skill
from cnnlab.metrics.keys import NOT_LEARNING, ONE_CLASS

FLAT = 0.98
"""share of what the classes' shares alone give that a validation loss has to fall below"""
SKILL = 0.1
"""skill, 0 for naming one class alone and 1 for no mistake, from which on a flat loss is a matter of its scale"""
FITTED = 0.9
"""share of it that a training loss has fallen below where a network learns its training images"""
ALWAYS = 0.99
"""share of its predictions from which on a network without skill answers one class only"""


@dataclass(frozen=True)
class ClassBalance:
    """The shares of the classes in each part of a run's data."""

    dataset: Dataset
    run: Run

    @cached_property
    def train(self) -> Shares:
        return self._shares(self.dataset.train)

    @cached_property
    def val(self) -> Shares:
        return self._shares(self.dataset.val)

    @cached_property
    def test(self) -> Shares:
        return self._shares(self.dataset.test)

    def _shares(self, split: Split) -> Shares:
        return Shares(split.counts(len(self.dataset.names)), self.dataset.names)

    @property
    def weights(self) -> Sequence[float] | None:
        """What the classes count for in training, where not alike."""
        if self.run.data.sampler:
            return balancing(self.train.counts)
        return self.run.loss.for_counts(self.train.counts).weights()

    def facts(self, tested: ByClass, val_recall: Sequence[float | None]) -> dict[str, Any]:
        """What is recorded of it: recall by class of the best network, accuracies of naming the commonest class."""
        names = self.dataset.names
        return {
            "test/per_class": dict(zip(names, tested.recall, strict=True)),
            "val/per_class": dict(zip(names, val_recall, strict=True)),
            "data/majority": self.test.majority,
            "data/val_majority": self.val.majority,
        }

    def warnings(self, rows: Sequence[Mapping[str, Any]], tested: ByClass) -> Iterator[str]:
        """Findings about a run's rows and what its best network makes of the test images; none of them a failure."""
        if flat := self._flat(rows):
            yield f"{NOT_LEARNING}: {flat}"
        if single := self._single(tested):
            yield f"{ONE_CLASS}: {single}"

    def _flat(self, rows: Sequence[Mapping[str, Any]]) -> str | None:
        """The validation loss never was below that of a network that looks at no image.

        In training with weights, such a one answers with the shares times these.
        """
        losses = [row["val/loss"] for row in rows if row.get("val/loss") is not None]
        balanced = max((row["val/balanced_acc"] for row in rows if row.get("val/balanced_acc") is not None), default=0)
        chance = self.val.loss(self.weights)
        if not losses or min(losses) <= FLAT * chance or skill(balanced, self.val.classes) >= SKILL:
            return None
        shares = "the classes' shares" if self.weights is None else "what the classes count for"
        seen = f"{min(losses):.3f} at best; {shares} alone give {chance:.3f}"
        said = f"the validation loss is still that of chance ({seen})"
        learned = rows[-1].get("train/loss")
        by_heart = learned is not None and learned < FITTED * self.train.loss(self.weights)
        return said + f"; the training images are learned by heart ({learned:.3f})" * by_heart

    def _single(self, tested: ByClass) -> str | None:
        """The network answers one class for nearly all images, although there are others."""
        label, share = tested.most_named
        if self.test.classes < 2 or share < ALWAYS or (share < 1 and tested.skill >= SKILL):
            return None
        count = f"{sum(self.test.counts):,} test images"
        often = f"all {count}" if share == 1 else f"{100 * share:.1f} % of the {count}"
        right = self.test.counts[label] / sum(self.test.counts)
        return f"the network answers {self.dataset.names[label]!r} for {often}, which alone gives {right:.4f}"
