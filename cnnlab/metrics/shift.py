"""Accuracy when images move by some pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from cnnlab.metrics.keys import KeyInfo, share
from cnnlab.metrics.metric import Look, Metric

if TYPE_CHECKING:
    from torch import Tensor

    from cnnlab.data.splits import Split

PIXELS = (1, 2, 3)
WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


class ShiftConsistency(Metric):
    """Accuracy and agreement when test images move by 1, 2 and 3 pixels, mean over the four ways.

    Accuracy, and the share of images that are still taken for the same class as unmoved (whether right or wrong):
    Zhang 2019, arXiv:1904.11486, §4.2, with moves that are known and not drawn.
    """

    kind: Literal["shift"] = "shift"  # type: ignore[assignment]

    def measure(self, look: Look) -> dict[str, float]:
        return shift(look.evaluate, look.dataset.test, look.predictions)

    def keys(self) -> Mapping[str, KeyInfo]:
        return {
            f"shift/{what}_{pixels}": share(f"{words} when images move by {pixels} pixel{'s' * (pixels > 1)}")
            for pixels in PIXELS
            for what, words in (("acc", "test accuracy"), ("agree", "share of predictions that stay"))
        }


def shift(evaluate: Callable[[Split], Any], test: Split, unmoved: Any) -> dict[str, float]:
    """The numbers by their keys; `unmoved` is what `evaluate` makes of `test` as it is."""
    from cnnlab.data.splits import Split

    values = {}
    for pixels in PIXELS:
        shifted = [(moved(test.x, rows * pixels, columns * pixels), test.y) for rows, columns in WAYS]
        evaluations = [evaluate(Split(x, y)) for x, y in shifted]
        agree = [(evaluation.predicted == unmoved.predicted).float().mean().item() for evaluation in evaluations]
        values |= {
            f"shift/acc_{pixels}": fmean(evaluation.acc for evaluation in evaluations),
            f"shift/agree_{pixels}": fmean(agree),
        }
    return values


def moved(images: Tensor, rows: int, columns: int) -> Tensor:
    """Images (N, C, H, W) moved down by `rows` and right by `columns`; zeros come in.

    >>> import torch
    >>> moved(torch.tensor([[[[1, 2], [3, 4]]]]), 0, 1).tolist()
    [[[[0, 1], [0, 3]]]]
    """
    import torch.nn.functional as F

    return F.pad(images, (columns, -columns, rows, -rows))
