"""What becomes of an answer when its image is moved by some pixels; zeros come in, as in `metrics=shift`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnlab.metrics.shift import PIXELS, moved

REACH = max(PIXELS)
"""pixels each way, as stored"""

Answers = Callable[[Tensor], Tensor]
"""uint8 images (N, C, H, W) -> probabilities (N, classes), on the CPU"""


@dataclass(frozen=True)
class Moved:
    """Answers to images moved down by -REACH … REACH rows (first axis) and right by as many columns (second)."""

    predicted: Tensor
    """int64 (rows, columns, N)"""
    confidence: Tensor
    """of the predicted class, (rows, columns, N)"""

    @property
    def agreement(self) -> Tensor:
        """(rows, columns): the share of images that are taken for the same class as unmoved."""
        return (self.predicted == self.predicted[REACH, REACH]).float().mean(2)

    def accuracy(self, truth: Tensor) -> Tensor:
        """(rows, columns)"""
        return (self.predicted == truth).float().mean(2)


def shifted(answers: Answers, images: Tensor) -> Moved:
    """Move images (N, C, H, W) every way there is."""
    ways = range(-REACH, REACH + 1)
    probabilities = torch.stack([torch.stack([answers(moved(images, down, right)) for right in ways]) for down in ways])
    confidence, predicted = probabilities.max(3)
    return Moved(predicted, confidence)
