"""Activations and gradients of blocks are those of the network, which is afterwards what it was."""

from __future__ import annotations

import pytest
import torch
from sample_networks import zoo

from cnnlab.inspection.blocks import outputs, rows, stages, statistics
from cnnlab.network.build import build
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network


def net_of(*overrides: str, name: str, shape: tuple[int, int, int] = (3, 32, 32)):
    network, faults = read_network(zoo(name, *overrides), 10)
    assert network, faults
    return network, build(network, shape).eval()


def test_blocks_have_the_names_of_the_summary() -> None:
    for name in ("cifar/resnet20", "squeezenet1_0"):
        network, net = net_of("model.width=0.25", "model.divisor=4", name=name)
        assert list(rows(net)) == [layer.name for layer in graph(network, (3, 32, 32)).layers]


def test_statistics_are_those_of_the_activations_and_leave_the_network_as_it_was() -> None:
    _, net = net_of("model.width=0.25", name="cifar/resnet20")
    next(net.parameters()).requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    x, y = torch.randn(6, 3, 32, 32), torch.arange(6)
    stats, kernels = statistics(net, x, y)
    found, by_name = outputs(net, x), {one.name: one for one in stats}
    assert list(found) == list(stages(net))
    stem, last = found["body.stem"], by_name["head.fc"]
    assert by_name["body.stem"].mean == pytest.approx(stem.mean().item(), rel=1e-4)
    assert by_name["body.stem"].zeros == pytest.approx((stem == 0).float().mean().item(), abs=1e-6)
    assert by_name["body.stem"].std == pytest.approx(stem.std(unbiased=False).item(), rel=1e-4)
    assert sum(last.histogram) == pytest.approx(1)
    logits = found["head.fc"]
    wanted = (logits.softmax(1) - torch.nn.functional.one_hot(y, 10)).square().mean().sqrt()
    assert last.gradient == pytest.approx(wanted.item(), rel=1e-3)
    loss = torch.nn.functional.cross_entropy(net(x), y)
    (gradient,) = torch.autograd.grad(loss, [net.get_parameter("head.fc.0.linear.weight")])
    named = {one.name: one for one in kernels}
    assert named["head.fc"].gradient == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-3)
    after = net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert [parameter.requires_grad for parameter in net.parameters()][:2] == [False, True]


def test_a_channel_that_is_never_anything_but_zero_is_dead() -> None:
    _, net = net_of(name="lenet", shape=(1, 28, 28))
    with torch.no_grad():
        net.get_parameter("body.c1.0.conv.bias")[2] = -100.0
    stats, _ = statistics(net, torch.randn(4, 1, 28, 28), torch.arange(4))
    assert {one.name: one.dead for one in stats}["body.c1"] == 1
