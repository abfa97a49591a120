"""What the group `loss` builds."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cnnlab.training.learned import built_loss
from cnnlab.training.losses import LOSSES, CrossEntropy


def test_the_cross_entropy_is_that_of_0_2_0_to_the_bit() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(64, 10), torch.randint(10, (64,))
    for smoothing in (0.0, 0.1):
        loss = built_loss(CrossEntropy(label_smoothing=smoothing), 10)
        assert torch.equal(loss(logits, labels), F.cross_entropy(logits, labels, label_smoothing=smoothing))


def test_it_takes_shares_of_classes_in_the_place_of_labels() -> None:
    logits, labels = torch.randn(4, 10), torch.tensor([0, 3, 9, 3])
    loss = built_loss(CrossEntropy(), 10)
    torch.testing.assert_close(loss(logits, F.one_hot(labels, 10).float()), loss(logits, labels))


def test_its_settings_are_checked() -> None:
    (fault,) = LOSSES.read({"kind": "cross_entropy", "label_smoothing": 1.0}, "loss")[1]
    assert str(fault) == "loss.label_smoothing: should be below 1, not 1.0"
