"""Mirrors cnnlab/training/tuning.py and cnnlab/network/choose.py: frozen blocks, factors of the rate and the decay."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sample_networks import faults as model_faults
from sample_networks import model, network, zoo
from torch import nn

from cnnlab.network.build import Net, build
from cnnlab.network.choose import chosen, misnamed
from cnnlab.training.optimizers import Sgd
from cnnlab.training.tuning import Tuning, groups

BODY = {"a": {"block": "conv", "channels": 4}, "b": {"block": "conv", "channels": 4, "repeat": 2}}


def small(**settings: Any) -> Net:
    return build(network(model(BODY, norm="batch", **settings)), (1, 8, 8))


def learns(net: nn.Module) -> set[str]:
    return {name.rpartition(".")[0] for name, weight in net.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("body.a", {"body.a": None}),
        (["body.a", "*.norm"], {"body.a": None, "*.norm": None}),
        ({"body.a": 3, "body.b": True, "head": False}, {"body.a": 3, "body.b": None, "head": 0}),
        ({"body": {"a": 3, "b": None}}, {"body.a": 3}),
        ({"body.a": 0}, {"body.a": 0}),
    ],
)
def test_what_is_frozen_can_be_said_as_names_or_with_epochs(said: Any, read: dict[str, int | None]) -> None:
    assert dict(network(model(BODY, freeze=said)).freeze) == read


@pytest.mark.parametrize("said", [3, [3], {"body.a": -1}, {"body.a": "yes"}, {"body.a": 1.5}])
def test_other_ways_to_say_it_are_faults(said: Any) -> None:
    (fault,) = model_faults(model(BODY, freeze=said))
    assert fault.startswith("model.freeze: ")
    assert "should be" in fault


def test_the_most_specific_name_counts_and_of_equals_the_last() -> None:
    table = {"head": 0, "body.b": 1, "body": 2, "body.b.1": 3, "*.norm": 4, "body.b.*": 5}
    assert chosen("body.a.0.conv.weight", table) == 2
    assert chosen("body.b.0.conv.weight", table) == 5
    assert chosen("body.b.1.conv.weight", {"body.b.1": 3, "body.b": 1}) == 3
    assert chosen("body.b.1.norm.weight", table) == 4
    assert chosen("other.weight", table) is None
    assert chosen("body.bc.0.conv.weight", {"body.b": 1}) is None


def test_a_name_that_no_weight_has_is_told_with_what_was_meant() -> None:
    names = [name for name, _ in small().named_parameters()]
    assert misnamed(["body", "body.b", "body.b.1", "*.norm", "*.bias", "head.f*"], names, "x") == []
    said = [str(fault) for fault in misnamed(["body.c", "heat.fc", "zzz"], names, "model.freeze")]
    assert said == [
        "model.freeze: no weights are named 'body.c'; did you mean 'body.b'?",
        "model.freeze: no weights are named 'heat.fc'; did you mean 'head.fc'?",
        "model.freeze: no weights are named 'zzz'; there are body.a, body.b, head.fc",
    ]


def test_frozen_blocks_learn_nothing_until_their_epoch_and_their_norms_stay_in_evaluation_mode() -> None:
    net = small()
    tuning = Tuning(net, {"body": 2, "body.a": None, "body.b.1": 1})
    for epoch, learning in enumerate([{"head.fc.0.linear"}, {"b.1"}, {"b.0", "b.1"}, {"b.0", "b.1"}]):
        tuning.start_epoch(epoch)
        net.train()
        tuning.hold()
        body = {
            name
            for block in ("b.0", "b.1")
            for name in (f"body.{block}.conv", f"body.{block}.norm")
            if block in learning
        }
        assert learns(net) == {"head.fc.0.linear"} | body
        for name, norm in net.named_modules():
            if isinstance(norm, nn.BatchNorm2d):
                assert norm.training == (name in body), name


def test_what_would_learn_again_after_the_runs_last_epoch_is_told() -> None:
    tuning = Tuning(small(), {"body.a": 3, "body.b.1": 1})
    assert tuning.summary(4).endswith(" parameters; some learn again after epoch 1, 3")
    said = " parameters; some learn again after epoch 1; body.a for 3 epochs, but the run has 3"
    assert tuning.summary(3).endswith(said)
    assert tuning.summary(1).endswith(" parameters; body.a for 3, body.b.1 for 1 epochs, but the run has 1")


def test_only_biases_frozen_leaves_the_norms_running() -> None:
    net = small()
    tuning = Tuning(net, {"*.bias": None})
    assert tuning.still == []
    assert {name.rpartition(".")[2] for name, weight in net.named_parameters() if weight.requires_grad} == {"weight"}


def test_without_factors_there_is_one_group_and_with_them_one_for_each_pair() -> None:
    net = small()
    (one,) = groups(net.named_parameters(), Sgd(lr=0.1, weight_decay=0.01))
    assert (len(one["params"]), one["lr_factor"], one["weight_decay"]) == (len(list(net.parameters())), 1.0, 0.01)
    settings = Sgd(
        lr=0.1, weight_decay=0.01, lr_factors={"body": 0.1, "body.b": 0.5}, weight_decay_factors={"*.norm": 0}
    )
    found = [(len(g["params"]), g["lr_factor"], g["weight_decay"]) for g in groups(net.named_parameters(), settings)]
    assert found == [(1, 0.1, 0.01), (2, 0.1, 0.0), (2, 0.5, 0.01), (4, 0.5, 0.0), (2, 1.0, 0.01)]


def test_factors_scale_the_rate_and_the_decay_of_their_blocks() -> None:
    start, x = small(), torch.randn(2, 1, 8, 8)
    ends = []
    for factors in ({}, {"lr_factors": {"body.a": 0.1, "body.b": 0}}, {"weight_decay_factors": {"body": 0}}):
        net, settings = small(), Sgd(lr=0.1, weight_decay=0.5 if "weight_decay_factors" in factors else 0.0, **factors)
        parts = groups(net.named_parameters(), settings)
        optimizer = torch.optim.SGD(parts, 0.1)
        for part in optimizer.param_groups:
            part["lr"] *= part["lr_factor"]
        net(x).square().sum().backward()
        optimizer.step()
        ends.append(net.state_dict())
    full, tenth, decay = ends
    a, b, fc, start = "body.a.0.conv.weight", "body.b.1.conv.weight", "head.fc.0.linear.weight", start.state_dict()
    torch.testing.assert_close(tenth[a] - start[a], 0.1 * (full[a] - start[a]), rtol=1e-3, atol=1e-6)
    assert torch.equal(tenth[b], start[b])
    assert torch.equal(tenth[fc], full[fc])
    assert torch.equal(decay[a], full[a])
    torch.testing.assert_close(decay[fc], full[fc] - 0.1 * 0.5 * start[fc])


@pytest.mark.slow
def test_every_network_can_freeze_its_body() -> None:
    for name in ("lenet", "squeezenet1_1", "mobilenet_v2"):
        net = build(network(zoo(name, "model.width=0.25", "model.divisor=8")), (3, 32, 32))
        tuning = Tuning(net, {"body": None})
        assert all(name.startswith("head.") for name in learns(net))
        assert len(tuning.still) == sum(isinstance(m, nn.BatchNorm2d) for m in net.body.modules())
        if learns(net):
            net(torch.randn(2, 3, 32, 32)).sum().backward()
            assert all(weight.grad is None for weight in net.body.parameters())
