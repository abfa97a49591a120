"""Mirrors cnnlab/training/weighted.py: what images of rare classes count for in the training loss."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from cnnlab.training.learned import built_loss
from cnnlab.training.losses import LOSSES, CrossEntropy


def test_each_image_counts_by_its_class_and_the_mean_is_over_images() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 2), torch.tensor([0, 0, 0, 1])
    own = -logits.log_softmax(1).gather(1, labels[:, None])[:, 0]
    loss = built_loss(CrossEntropy(class_weights="balanced"), 2, [6, 2])
    by_hand = (own[0] + own[1] + own[2]) * (8 / 12) + own[3] * (8 / 4)
    torch.testing.assert_close(loss(logits, labels), by_hand / 4)
    halves = (loss(logits[:2], labels[:2]) + loss(logits[2:], labels[2:])) / 2
    torch.testing.assert_close(halves, loss(logits, labels))


def test_shares_of_classes_weigh_as_much_as_labels_do() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 3), torch.tensor([0, 2, 1, 2, 0])
    loss = built_loss(CrossEntropy(class_weights=(1.0, 2.0, 3.0), label_smoothing=0.1), 3)
    smooth = F.cross_entropy(logits, labels, reduction="none", label_smoothing=0.1)
    torch.testing.assert_close(loss(logits, labels), (smooth * torch.tensor([1.0, 3, 2, 3, 1])).mean())
    torch.testing.assert_close(loss(logits, F.one_hot(labels, 3).float()), loss(logits, labels))


def test_weights_that_are_all_1_are_no_weights() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    balanced = built_loss(CrossEntropy(class_weights="balanced"), 3, [7, 7, 7])
    torch.testing.assert_close(balanced(logits, labels), F.cross_entropy(logits, labels))


@pytest.mark.parametrize("value", ["even", [], [1, 0], [1, -1], [1, "a"], [True], 2])
def test_what_is_no_weights_is_told(value: object) -> None:
    (fault,) = LOSSES.read({"kind": "cross_entropy", "class_weights": value}, "loss")[1]
    assert str(fault).startswith(
        "loss.class_weights: should be balanced, a list of numbers above 0, one for each class, or null, not "
    )
