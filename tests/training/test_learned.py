"""A loss is tried on two images before anything is trained by it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cnnlab.errors import UserError
from cnnlab.training.learned import built_loss
from cnnlab.training.losses import CrossEntropy, Loss


class Labels(nn.Module):
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return labels.float().mean()


class Each(nn.Module):
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, labels, reduction="none")


class Number(nn.Module):
    def forward(self, logits: Tensor, labels: Tensor) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (torch.zeros(1), "its build() returns Tensor, not a torch module"),
        (nn.Linear(1, 1), "a loss has no weights that learn"),
        (Number(), "its forward() returns float, not a tensor"),
        (Each(), "its forward() returns (2,) of 2 images, not one number, their mean"),
        (Labels(), "its forward() returns what does not depend on the logits"),
    ],
)
def test_what_is_no_loss_is_told(monkeypatch: pytest.MonkeyPatch, module: object, message: str) -> None:
    monkeypatch.setattr(CrossEntropy, "build", lambda _: module)
    loss: Loss = CrossEntropy()
    with pytest.raises(UserError) as caught:
        built_loss(loss, 10)
    assert str(caught.value).startswith(f"loss: {message}")
