"""What an image is taken for when it is moved, and how that is told."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlab.inspection.figures import way
from cnnlab.inspection.shifts import REACH, shifted


def column_of_light(images: Tensor) -> Tensor:
    """Probabilities of a network that tells where the light is: the class is its column."""
    light = images.float().sum((1, 2))
    return light / light.sum(1, keepdim=True).clamp(min=1)


def test_rows_are_moves_down_and_columns_moves_to_the_right() -> None:
    images = torch.zeros(2, 1, 9, 9, dtype=torch.uint8)
    images[:, 0, 4, 4] = 255
    moved = shifted(column_of_light, images)
    assert moved.predicted.shape == (2 * REACH + 1, 2 * REACH + 1, 2)
    for right in range(-REACH, REACH + 1):
        assert (moved.predicted[:, right + REACH] == 4 + right).all()
        assert (moved.agreement[:, right + REACH] == (right == 0)).all()
        assert (moved.accuracy(torch.tensor([4, 5]))[:, right + REACH] == (0.5 if right in (0, 1) else 0)).all()
    assert (moved.confidence == 1).all()


def test_ways_are_named_by_their_direction() -> None:
    assert [way(0, 0), way(3, 0), way(-1, -2)] == ["not moved", "3 down", "1 up, 2 left"]
