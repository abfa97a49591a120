"""Signals and gradients along layers that no shortcut helps, beside those of the networks built."""

from __future__ import annotations

import math

import pytest
import torch
from designs import conv, designed, findings, helpful
from sample_networks import model, network

from cnnlab.lint.signal import _gain, rectified_norms
from cnnlab.network.build import build

LOST = "signal-lost-on-the-way"


def test_a_signal_that_is_lost() -> None:
    deep = {"c": conv(16, repeat=12)}
    (line,) = findings(LOST, model(deep, init="default"))
    assert line == (
        "head.fc: 13 layers without norm or shortcut, which start and are activated so that 1e-05 of the signal, "
        "or of its gradient, is left"
    )
    assert helpful(model(deep, init="default"), LOST) == ["model.init=auto", "model.norm=batch"]
    assert len(findings(LOST, model({"c": conv(16, repeat=5)}, act="sigmoid"))) == 1


def test_a_signal_that_is_not_lost() -> None:
    deep = {"c": conv(16, repeat=12)}
    shortcuts = {"c": conv(16), "r": {"block": "residual", "channels": 16, "repeat": 9}}
    assert findings(LOST, model(deep)) == []
    assert findings(LOST, model(deep, init="default", norm="batch")) == []
    assert findings(LOST, model(deep, init="kaiming_normal")) == []
    assert findings(LOST, model({"c": conv(16, repeat=4)}, init="default")) == []
    assert findings(LOST, model(shortcuts, init="default")) == []


@pytest.mark.parametrize("init", ["default", "xavier_uniform", "kaiming_normal", "orthogonal"])
def test_the_signal_that_is_said_to_be_left_is_left(init: str) -> None:
    raw = model({"c": conv(256, kernel_size=1, repeat=6, bias=False)}, init=init)
    body = [node for node in designed(raw, (256, 4, 4)).steps.nodes if node.row.startswith("body")]
    expected = math.prod(_gain(node.step) for node in body if node.step.operation == "convolution") ** 0.5
    x = torch.randn(64, 256, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        left = build(network(raw), (256, 4, 4)).body(x)
    # after the last ReLU half of the square is left of what its convolution made; the first sees no ReLU before it
    assert float(left.square().mean().sqrt()) == pytest.approx(expected, rel=0.25)


GROWS = "gradient-grows-on-the-way"

PLAIN = {"block": "residual", "channels": 8, "shortcut": "none", "repeat": 15}


def test_a_gradient_that_grows() -> None:
    raw = model({"c": conv(repeat=30)}, norm="batch")
    (line,) = findings(GROWS, raw)
    assert line == (
        "body.c.29: 30 norms with a ReLU in a row: before training, a gradient grows about 3e+02 times along them"
    )
    assert helpful(raw, GROWS) == ["model.init=looks_linear"]
    both = ["model.init=looks_linear", "model.kinds.residual.shortcut=auto"]
    assert (
        helpful(
            model({"r": {**PLAIN, "shortcut": None}}, norm="batch", kinds={"residual": {"shortcut": "none"}}), GROWS
        )
        == both
    )


ORDERS = ["conv_norm_act", "norm_act_conv", "conv_act_norm"]


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_gradient_grows_in_any_order(order: str, norm: str) -> None:
    assert findings(GROWS, model({"c": conv(repeat=30, order=order)}, norm=norm))
    assert findings(GROWS, model({"c": conv(repeat=20, order=order)}, norm=norm)) == []
    assert findings(GROWS, model({"c": conv(repeat=30, order=order)}, norm=norm, init="looks_linear")) == []


def test_a_gradient_that_does_not_grow() -> None:
    deep = {"c": conv(repeat=30)}
    assert findings(GROWS, model(deep)) == []
    assert findings(GROWS, model(deep, norm="batch", act="tanh")) == []
    assert findings(GROWS, model({"r": PLAIN}, norm="batch"))
    assert findings(GROWS, model({"r": PLAIN | {"shortcut": "auto", "repeat": 30}}, norm="batch")) == []
    beside = {"block": "parallel", "branches": {"a": {"c": conv(4, repeat=20)}, "b": {"c": conv(4)}}}
    assert findings(GROWS, model({"p": beside, "q": beside}, norm="batch")) == []


def test_pairs_that_cannot_be_made_help_nothing() -> None:
    assert findings(GROWS, model({"c": conv(9, repeat=30)}, norm="batch", init="looks_linear"))
    assert helpful(model({"c": conv(9, repeat=30)}, norm="batch"), GROWS) == []


def test_the_gradient_grows_as_is_said() -> None:
    raw = model({"c": conv(256, kernel_size=1, repeat=25)}, norm="batch", init="kaiming_normal")
    net = build(network(raw), (256, 4, 4))
    x = torch.randn(64, 256, 4, 4, generator=torch.Generator().manual_seed(0))
    net(x).square().sum().backward()
    sizes = [weight.grad.norm() for name, weight in net.named_parameters() if name.endswith("conv.weight")]  # type: ignore[union-attr]
    row = rectified_norms(designed(raw, (256, 4, 4)).steps)
    assert row.count == 25
    assert 0.4 < float(sizes[0] / sizes[-1]) / row.growth < 2.5
