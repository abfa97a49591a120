"""Mirrors cnnlab/weights/function.py: names and shapes fit, and the network computes something else all the same."""

from __future__ import annotations

import pytest
from sample_networks import network, zoo

from cnnlab.network.build import Net, blank
from cnnlab.weights.function import differences, expected_images
from cnnlab.weights.names import families

MODELS = {family: [family] for family in families()} | {
    "resnet": ["resnet18", "resnet34", "resnet50", "resnext50_32x4d", "wide_resnet50_2"],
    "densenet": ["densenet121"],
    "convnext": ["convnext_tiny"],
    "efficientnet_v2": ["efficientnet_v2_s"],
    "efficientnets": ["efficientnet_b0", "efficientnet_b5"],
    "mnasnet": ["mnasnet1_0"],
    "regnet": ["regnet_x_400mf", "regnet_y_400mf"],
    "shufflenet_v2": ["shufflenet_v2_x1_0"],
}


def net(model: str, *overrides: str) -> Net:
    side = 299 if model.startswith("inception") else 224
    return blank(network(zoo(model, *overrides), 1000), (3, side, side))


@pytest.mark.parametrize(("family", "models"), MODELS.items(), ids=MODELS)
def test_the_networks_that_ship_compute_what_their_family_does(family: str, models: list[str]) -> None:
    for model in models:
        assert differences(f"torchvision's {family}", net(model)) == {}, model


@pytest.mark.parametrize(
    ("model", "overrides", "said"),
    [
        (
            "paper/resnet50",
            (),
            {
                f"body.stage{n}": [
                    "0.body.conv1.conv: stride 2 here, 1 where the weights come from",
                    "0.body.conv2.conv: stride 1 here, 2 where the weights come from",
                ]
                for n in (2, 3, 4)
            },
        ),
        (
            "resnet18",
            ("model.body.stem.stride=1",),
            {"body.stem": ["0.conv: stride 1 here, 2 where the weights come from"]},
        ),
        (
            "resnet18",
            ("model.body.stage2.act=gelu",),
            {"body.stage2": ["GELU here, ReLU where the weights come from"]},
        ),
        (
            "resnet18",
            ("model.body.stem.norm={kind:batch,eps:1e-3}",),
            {"body.stem": ["eps 0.001 here, 1e-05 where the weights come from"]},
        ),
    ],
)
def test_what_a_network_computes_otherwise_is_told_block_by_block(model, overrides, said) -> None:
    assert differences("torchvision's resnet", net(model, *overrides)) == said


def test_weights_of_our_own_names_are_held_against_nothing() -> None:
    assert differences("cnnlab's own names", net("paper/resnet50")) == {}
    assert expected_images("cnnlab's own names") is None
    assert (expected_images("torchvision's googlenet") or {})["mean"] == [0.5, 0.5, 0.5]
