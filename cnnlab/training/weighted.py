"""Cross-entropy in which some classes count for more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class WeightedCrossEntropy(nn.Module):
    """Mean over the images of a batch of each one's cross-entropy times the weight of its class.

    Logits (B, classes) and labels, int64 (B,) or float (B, classes), whose weight is the mean by their shares. Divided
    by the number of images and not, as torch's own is, by the sum of their weights: so an image weighs the same
    whichever batch it comes in, and batches can be added up.
    """

    weights: Tensor

    def __init__(self, weights: Sequence[float], label_smoothing: float = 0.0):
        super().__init__()
        self.label_smoothing = label_smoothing
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)
        own = labels @ self.weights if labels.is_floating_point() else self.weights[labels]
        return (losses * own).mean()
