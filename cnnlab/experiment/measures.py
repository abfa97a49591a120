"""What a run measures besides, where `metrics=` asks for it: of its best checkpoint, in one look at the test part."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

import torch
import torch.nn.functional as F

from cnnlab.data.batches import Batches
from cnnlab.data.dataset import Dataset
from cnnlab.data.splits import Split
from cnnlab.training.evaluate import Evaluation, evaluate

PIXELS = (1, 2, 3)
WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))

Evaluate = Callable[[Split], Evaluation]


def measured(
    metrics: tuple[str, ...],
    network: torch.nn.Module,
    feed: Callable[[Split], Batches],
    precision: str,
    dataset: Dataset,
    tested: Evaluation,
) -> dict[str, float]:
    """The asked ones of `shift` and `gap`."""

    def on(split: Split) -> Evaluation:
        return evaluate(network, feed(split), precision)

    found = {}
    if "shift" in metrics:
        found |= shift(on, dataset.test, tested)
    if "gap" in metrics:
        seen = on(dataset.train).acc
        found |= {"gap/train_acc": seen, "gap/acc": seen - tested.acc}
    return found


def shift(on: Evaluate, test: Split, tested: Evaluation) -> dict[str, float]:
    """`shift/acc_D` and `shift/agree_D`: test images moved by D pixels, mean over the four ways.

    Accuracy, and the share of images that are still taken for the same class as unmoved (whether right or wrong):
    Zhang 2019, arXiv:1904.11486, §4.2, with moves that are known and not drawn.
    """
    found = {}
    for pixels in PIXELS:
        ends = [on(Split(moved(test.x, rows * pixels, columns * pixels), test.y)) for rows, columns in WAYS]
        agree = [(end.predicted == tested.predicted).float().mean().item() for end in ends]
        found |= {f"shift/acc_{pixels}": fmean(end.acc for end in ends), f"shift/agree_{pixels}": fmean(agree)}
    return found


def moved(images: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Images (N, C, H, W) moved down by `rows` and right by `columns`; zeros come in.

    >>> moved(torch.tensor([[[[1, 2], [3, 4]]]]), 0, 1).tolist()
    [[[[0, 1], [0, 3]]]]
    """
    return F.pad(images, (columns, -columns, rows, -rows))
