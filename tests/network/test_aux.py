"""Auxiliary heads: what they compute, that only training runs them, and what is said where they are wrong."""

import pytest
import torch
from sample_networks import CONV, HEAD, faults, model, network
from torch.nn import functional as F

from cnnlab.network.build import build
from cnnlab.network.graph import graph

SIDE = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}}
BODY = {"a": CONV, "b": CONV | {"repeat": 2}, "c": CONV}
AUX = {"near": {"from": "a", "weight": 0.25, "head": SIDE}, "far": {"from": "b", "head": SIDE}}
RAW = model(BODY, aux=AUX)
X = torch.randn(3, 1, 8, 8)


def test_they_take_what_their_block_leaves():
    net = build(network(RAW), (1, 8, 8))
    logits, sides = net.with_aux(X)
    a = net.body.a(X)
    torch.testing.assert_close(sides["near"], net.aux.near(a))
    torch.testing.assert_close(sides["far"], net.aux.far(net.body.b(a)))
    torch.testing.assert_close(logits, net(X))


def test_a_network_without_them_is_the_same_network_beside_them():
    with_them, without = (build(network(raw), (1, 8, 8)).state_dict() for raw in (RAW, model(BODY)))
    assert {name for name in with_them if name not in without} == {
        name for name in with_them if name.startswith("aux.")
    }
    assert all(torch.equal(with_them[name], without[name]) for name in without)


def test_their_cost_is_counted_apart():
    found, plain = graph(network(RAW), (1, 8, 8)), graph(network(model(BODY)), (1, 8, 8))
    assert (found.params, found.macs, found.layers) == (plain.params, plain.macs, plain.layers)
    assert (found.params_aux, plain.params_aux) == (2 * (8 * 10 + 10), 0)
    record = found.record()
    assert record["params_aux"] == 180
    assert record["aux"]["near"] == {
        "from": "a",
        "weight": 0.25,
        "params": 90,
        "macs": 80,
        "layers": [layer.record() for layer in found.aux["near"].layers],
    }
    assert [layer.name for layer in found.aux["far"].layers] == ["aux.far.head.pool", "aux.far.head.fc"]
    assert found.aux["far"].layers[-1].receptive_field == (8 + 6, 8 + 6)


def test_training_learns_from_their_weighted_losses():
    from cnnlab.training.classifier import Classifier

    net = build(network(RAW), (1, 8, 8))
    y = torch.tensor([1, 2, 3])
    _, sides = net.with_aux(X)
    smooth = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    module = Classifier(net, None, None, optimizer=None, schedule=None, loss=smooth)  # type: ignore[arg-type]
    by_hand = 0.25 * F.cross_entropy(sides["near"], y, label_smoothing=0.1)
    by_hand += 0.3 * F.cross_entropy(sides["far"], y, label_smoothing=0.1)
    torch.testing.assert_close(module.side_loss(sides, y), by_hand)
    assert {name for name in module.state_dict() if name.startswith("aux.")} == {
        f"aux.{side}.fc.0.linear.{part}" for side in ("near", "far") for part in ("weight", "bias")
    }
    module.side_loss(sides, y).backward()
    assert net.aux.near.fc[0].linear.weight.grad is not None
    assert net.body.c[0].conv.weight.grad is None  # behind both


def test_evaluation_does_not_run_them():
    net = build(network(RAW), (1, 8, 8)).eval()
    net.aux.register_module("near", None)
    assert net(X).shape == (3, 10)


def test_width_leaves_them_alone():
    side = {"c": CONV, **SIDE}
    found = network(model(BODY, aux={"s": {"from": "a", "head": side}}, width=2.0))
    assert (found.body[0].copies[0].channels, found.aux[0].head[0].copies[0].channels) == (16, 8)


def test_null_takes_one_or_all_of_them_away():
    assert [head.name for head in network(RAW | {"aux": {**AUX, "near": None}}).aux] == ["far"]
    assert network(RAW | {"aux": None}).aux == ()
    assert network(RAW).plain() != network(RAW | {"aux": None}).plain()


def test_a_tap_that_was_removed_stands_for_what_came_before_it():
    assert network(RAW | {"body": {**BODY, "b": None}}).aux[1].tap == "a"
    assert faults(RAW | {"body": {**BODY, "a": None}})[0] == (
        "model.aux.near.from: 'a' is removed, and no block is before it; name another"
    )


@pytest.mark.parametrize(
    ("aux", "told"),
    [
        ({"x": {"from": "zzz", "head": SIDE}}, "model.aux.x.from: the body has no block 'zzz'; there are a, b, c"),
        ({"x": {"head": SIDE}}, "model.aux.x.from: an auxiliary head needs this setting"),
        ({"x": {"from": "a"}}, "model.aux.x.head: an auxiliary head needs this setting"),
        (
            {"x": {"from": "a", "wieght": 1, "head": SIDE}},
            "model.aux.x.wieght: an auxiliary head has no such setting; …",
        ),
        (
            {"x": {"from": "a", "block": "conv", "head": SIDE}},
            "model.aux.x.block: an auxiliary head has no such setting; there are from, weight, head",
        ),
        ({"x": {"from": "a", "weight": -1, "head": SIDE}}, "model.aux.x.weight: should be at least 0, not -1"),
        ({"x": 3}, "model.aux.x: should be a mapping of settings, not 3"),
        (
            {"x": {"from": "a", "head": {"c": {"block": "cnov"}}}},
            "model.aux.x.head.c.block: there is no kind of block …",
        ),
        ({"1x": {"from": "a", "head": SIDE}}, "model.aux.1x: a head's name starts with a letter, …"),
    ],
)
def test_it_is_said_what_is_wrong(aux, told):
    (said,) = faults(RAW | {"aux": aux})
    assert said.startswith(told.rstrip("…"))


def test_one_that_does_not_fit_is_told_where_it_stands():
    head = {"large": {"block": "avg_pool", "kernel_size": 9}, **HEAD}
    (said,) = graph(network(RAW | {"aux": {"x": {"from": "a", "head": head}}}), (1, 8, 8)).faults
    assert str(said).startswith("model.aux.x.head.large: the feature map vanishes: avg_pool with kernel_size 9")
    head = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": 3}}
    (said,) = graph(network(RAW | {"aux": {"x": {"from": "a", "head": head}}}), (1, 8, 8)).faults
    assert str(said).startswith("model.aux.x.head.fc.features: the network ends in 3 numbers, the data have 10 classes")
