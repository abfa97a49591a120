"""A user's own block needs no shape code: whatever its forward does is measured as it is run."""

from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.trace import trace

WHOLE, POINT = (8, 8), (1, 1)
FORWARDS = {
    "minus the mean of all": (lambda x: x - x.mean(), WHOLE),
    "minus each channel's mean": (lambda x: x - x.mean((2, 3), keepdim=True), WHOLE),
    "mean over channels": (lambda x: x.mean(1, keepdim=True), POINT),
    "times the sum of all": (lambda x: x * x.sum(), WHOLE),
    "largest of each channel": (lambda x: x.amax((2, 3)), WHOLE),
    "sum of each channel": (lambda x: x.sum((2, 3)), WHOLE),
    "squeeze and excite": (lambda x: x * x.amax((-2, -1), keepdim=True).sigmoid(), WHOLE),
    "two to its power": (lambda x: 2**x, POINT),
    "one minus": (lambda x: 1 - x, POINT),
    "max pool without a step": (lambda x: F.max_pool2d(x, 3), (3, 3)),
    "average pool without a step": (lambda x: F.avg_pool2d(x, 2), (2, 2)),
    "adaptive max pool": (lambda x: F.adaptive_max_pool2d(x, 2), (4, 4)),
    "in place": (lambda x: (x + 0).mul_(2).relu_(), POINT),
    "where": (lambda x: torch.where(x > 0, x, -x), POINT),
    "softmax over channels": (lambda x: x.softmax(1), POINT),
    "shuffled channels": (lambda x: x.unflatten(1, (2, 2)).transpose(1, 2).flatten(1, 2), POINT),
    "flat, then a product": (lambda x: x.flatten(1) @ torch.ones(4 * 64, 3), WHOLE),
    "a convolution over a row": (lambda x: F.conv1d(x.flatten(2), torch.ones(5, 4, 3)), POINT),
    "attention": (lambda x: F.scaled_dot_product_attention(*[x.flatten(2).mT] * 3), POINT),
    "two convolutions": (lambda x: F.conv2d(F.conv2d(x, torch.ones(2, 4, 3, 1)), torch.ones(2, 2, 3, 3)), (5, 3)),
}


class Foreign(nn.Module):
    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return FORWARDS[self.name][0](x)


class Own(Block):
    block: Literal["own"] = "own"
    name: str

    def build(self, shape):
        return Foreign(self.name)


@pytest.mark.parametrize("name", FORWARDS)
def test_its_shape_and_field_are_those_of_its_forward(name):
    found = trace(Own(name=name), (4, 8, 8))
    assert found.shape == tuple(Foreign(name)(torch.ones(1, 4, 8, 8)).shape[1:])
    assert found.field.size == FORWARDS[name][1]


def test_a_forward_that_does_not_fit_is_a_misfit():
    with pytest.raises(Misfit, match="matrices of 1×196 and 256×3 cannot be multiplied"):
        trace(Own(name="flat, then a product"), (4, 7, 7))
