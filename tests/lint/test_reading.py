"""What windows read, beside gradients: where nothing is read, none is."""

from __future__ import annotations

import pytest
import torch
from designs import conv, designed
from sample_networks import model, network, zoo

from cnnlab.blocks.trace import INPUT
from cnnlab.lint.check import find_smells
from cnnlab.lint.reading import pixels_read, unread
from cnnlab.network.build import build


def test_weights_that_are_said_to_meet_padding_alone_have_no_gradient() -> None:
    net = build(network(raw := zoo("resnet18", "model.width=0.125", "model.act=gelu")), (1, 28, 28))
    net(torch.randn(4, 1, 28, 28)).square().sum().backward()
    still = sum(int((p.grad == 0).sum()) for name, p in net.named_parameters() if name.endswith("conv.weight"))
    (finding,) = [one for one in find_smells(designed(raw)) if one.smell == "window-beyond-map"]
    assert still == finding.figures["parameters"]


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 2, "stride": 3},
        {"kernel_size": [1, 3], "stride": [2, 4], "padding": "valid"},
        {"kernel_size": 2, "stride": 4, "padding": [1, 2]},
    ],
)
def test_positions_that_are_said_to_be_read_by_nothing_have_no_gradient(settings: dict) -> None:
    raw = model({"c": conv(4, act="none", bias=False, **settings)})
    share, (skipping,) = unread(designed(raw, (1, 13, 11)).steps, INPUT)
    image = torch.ones(1, 1, 13, 11, requires_grad=True)
    layer = build(network(raw), (1, 13, 11)).body
    torch.nn.init.ones_(next(layer.parameters()))
    layer(image).sum().backward()
    assert image.grad is not None
    assert share == pytest.approx(float((image.grad == 0).float().mean()))
    assert skipping.row == "body.c"


def test_pixels_that_a_gradient_says_are_unread_are_those_that_are_told() -> None:
    body = {
        "c": conv(4, kernel_size=3, stride=2, padding="valid", act="none"),
        "r": {"block": "residual", "channels": 4, "stride": 2, "act": "none"},
        "p": {"block": "avg_pool", "kernel_size": 3, "stride": 3},
        "b": {"block": "blur_pool"},
    }
    for size in (26, 29, 30, 33):
        design = designed(model(body), (1, size, 28))
        x = torch.rand(1, 1, size, 28, requires_grad=True)
        build(design.network, (1, size, 28))(x).sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad[0, 0] != 0, pixels_read(design.steps))
