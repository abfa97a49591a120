"""What a confusion matrix says of a network class by class, and what naming one class alone would give.

Classes may be unbalanced: then a network that always names the commonest one has a high accuracy. A class without an
image in the part that is measured has no recall: it is None, and left out of every mean over classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

TOP = 5
"""classes that may be named for an image to be right in `acc5`"""
TOP_FROM = 10
"""classes from which on `acc5` is recorded: of fewer, five are half of them or more"""


@dataclass(frozen=True)
class ByClass:
    """Numbers worked out from a confusion matrix."""

    matrix: Sequence[Sequence[int]]
    """(true class, predicted class): how many images"""

    @cached_property
    def counts(self) -> list[int]:
        """Images of each class."""
        return [sum(row) for row in self.matrix]

    @cached_property
    def named(self) -> list[int]:
        """Images that each class was predicted for."""
        return [sum(column) for column in zip(*self.matrix, strict=True)]

    @cached_property
    def recall(self) -> list[float | None]:
        """Share of each class's images that were given it; None for a class without images.

        >>> ByClass([[3, 1, 0], [1, 1, 0], [0, 0, 0]]).recall
        [0.75, 0.5, None]
        """
        right = (row[label] for label, row in enumerate(self.matrix))
        return [hits / count if count else None for hits, count in zip(right, self.counts, strict=True)]

    @property
    def balanced_acc(self) -> float:
        """Mean recall over the classes that have images.

        >>> ByClass([[3, 1, 0], [1, 1, 0], [0, 0, 0]]).balanced_acc
        0.625
        """
        return fmean(recall for recall in self.recall if recall is not None)

    @property
    def f1(self) -> float:
        """Mean over the classes that have images of 2·right / (images + predictions of the class): macro F1.

        >>> round(ByClass([[3, 1, 0], [1, 1, 0], [0, 0, 0]]).f1, 4)
        0.625
        """
        parts = zip(self.matrix, self.counts, self.named, strict=True)
        return fmean(2 * row[label] / (n + named) for label, (row, n, named) in enumerate(parts) if n)

    @property
    def skill(self) -> float:
        """Balanced accuracy on a scale where naming one class alone is 0 and no mistake is 1."""
        return skill(self.balanced_acc, sum(count > 0 for count in self.counts))

    @property
    def most_named(self) -> tuple[int, float]:
        """The class that was predicted most often, and its share of all predictions."""
        label = max(range(len(self.named)), key=self.named.__getitem__)
        return label, self.named[label] / sum(self.named)


@dataclass(frozen=True)
class Shares:
    """How often the classes of a part are: what can be had without looking at any image."""

    counts: Sequence[int]
    """images of each class"""
    names: Sequence[str]

    @property
    def classes(self) -> int:
        """Those that have images."""
        return sum(count > 0 for count in self.counts)

    @property
    def majority(self) -> float:
        """Accuracy of naming the commonest class alone."""
        return max(self.counts) / sum(self.counts)

    @property
    def commonest(self) -> str | None:
        """That class's name; None where several are as common."""
        labels = [label for label, count in enumerate(self.counts) if count == max(self.counts)]
        return self.names[labels[0]] if len(labels) == 1 else None

    @property
    def words(self) -> str:
        """What gives that accuracy.

        >>> Shares([19, 1], ["common", "rare"]).words, Shares([5, 5, 0], ["a", "b", "c"]).words
        ("always 'common'", 'any one class')
        """
        return "any one class" if self.commonest is None else f"always {self.commonest!r}"

    def loss(self, weights: Sequence[float] | None = None) -> float:
        """Cross-entropy of giving every image the classes' shares, each times its weight: their entropy without any.

        >>> round(Shares([19, 1], ["a", "b"]).loss(), 4), round(Shares([19, 1], ["a", "b"]).loss([1 / 19, 1.0]), 4)
        (0.1985, 0.6931)
        """
        total = sum(self.counts)
        weighted = [n * weight for n, weight in zip(self.counts, weights or [1.0] * len(self.counts), strict=True)]
        answered = [part / sum(weighted) for part in weighted]
        return -sum(n / total * math.log(q) for n, q in zip(self.counts, answered, strict=True) if n)


def skill(balanced_acc: float, classes: int) -> float:
    """A balanced accuracy on a scale where naming one of the classes alone is 0 and no mistake is 1.

    >>> skill(0.5, 2), skill(0.55, 10), skill(1.0, 3)
    (0.0, 0.5, 1.0)
    """
    return (classes * balanced_acc - 1) / (classes - 1) if classes > 1 else 1.0


def balancing(counts: Sequence[int]) -> tuple[float, ...]:
    """Weights n/(k·n_c) by which k classes count alike, n images in all; their mean over the images is 1.

    A class without images is none of the k, and has the weight 0.

    >>> balancing([6, 2, 0])
    (0.6666666666666666, 2.0, 0.0)
    """
    classes = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (classes * count) if count else 0.0 for count in counts)
