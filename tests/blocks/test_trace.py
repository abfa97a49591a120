"""One pass says all there is to know of a block, and a step is called by one law."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from torch import nn

from cnnlab.blocks.block import Block
from cnnlab.blocks.conv import Conv
from cnnlab.blocks.residual import Residual
from cnnlab.blocks.trace import INPUT, trace


def _recurrent() -> nn.Module:
    return nn.Sequential(nn.Flatten(2), nn.LSTM(64, 5, batch_first=True))


LAYERS: dict[str, tuple[Any, str, tuple[int, int, int, int]]] = {
    "a convolution": (lambda: nn.Conv2d(4, 6, 3, padding=1), "convolution", (1, 1, 1, 1)),
    "one that mirrors the edge, in an operation of its own": (
        lambda: nn.Conv2d(4, 6, 3, padding=(1, 2), padding_mode="reflect"),
        "convolution",
        (1, 1, 2, 2),
    ),
    "a transposed one": (lambda: nn.ConvTranspose2d(4, 6, 3), "transposed_convolution", (0, 0, 0, 0)),
    "a pool": (lambda: nn.MaxPool2d(3, padding=1), "max_pool", (1, 1, 1, 1)),
    "a norm, whatever it runs": (lambda: nn.BatchNorm2d(4), "norm", (0, 0, 0, 0)),
    "an activation, though it multiplies": (nn.SiLU, "act", (0, 0, 0, 0)),
    "a layer whose operation has no word": (lambda: nn.PixelShuffle(2), "PixelShuffle", (0, 0, 0, 0)),
    "a layer of several products": (
        lambda: nn.Sequential(nn.Flatten(2), nn.LSTM(64, 5, batch_first=True)),
        "LSTM",
        (0, 0, 0, 0),
    ),
}


class Layer(Block):
    block: Literal["layer"] = "layer"
    name: str

    def build(self, shape):
        module = LAYERS[self.name][0]()
        return First(module) if isinstance(module, nn.Sequential) else module


class First(nn.Module):
    """What is first of several outputs."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)[0]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_called_by_its_class_or_by_the_operation_that_names_it(name):
    step = trace(Layer(name=name), (4, 8, 8)).steps[-1 if "several" not in name else 1]
    assert (step.operation, step.pads) == LAYERS[name][1:]


def test_of_equal_blocks_and_shapes_there_is_one_trace():
    assert trace(Residual(channels=8), (4, 8, 8)) is trace(Residual(channels=8), (4, 8, 8))
    assert trace(Residual(channels=8), (4, 8, 8)) is not trace(Residual(channels=8), (4, 8, 9))


def test_calls_know_what_every_module_took_and_left_and_cost():
    found = trace(Residual(channels=8, stride=2), (4, 8, 8))
    body = found.calls[found.module.get_submodule("body.conv1")]
    shortcut = found.calls[found.module.get_submodule("shortcut")]
    assert (body.input, body.output, body.macs) == ((4, 8, 8), (8, 4, 4), 9 * 4 * 8 * 16)
    assert (shortcut.output, shortcut.macs) == ((8, 4, 4), 4 * 8 * 16)
    whole = found.calls[found.module]
    assert (whole.input, whole.output, whole.macs) == ((4, 8, 8), found.shape, found.macs)


def test_a_traced_module_runs_as_if_it_had_never_been():
    found = trace(Conv(channels=8, norm="batch"), (4, 8, 8))
    assert not [m for m in found.module.modules() if m._forward_hooks or m._forward_pre_hooks]


def test_steps_take_the_outputs_of_others_and_the_input():
    found = trace(Residual(channels=4), (4, 8, 8))
    add = next(step for step in found.steps if step.operation == "add")
    assert [found.steps[i].path if i != INPUT else "input" for i in add.takes] == ["body.conv2.conv", "shortcut"]
    assert add.inputs == ((4, 8, 8), (4, 8, 8))
    assert found.steps[found.last].operation == "act"
