"""Mirrors cnnlab/weights/transfer.py and report.py: what of a file goes into a network that is not quite its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sample_networks import model, network, zoo
from torch import Tensor
from torchvision_state import resnet18

from cnnlab.network.build import Net, build
from cnnlab.weights.names import recognise
from cnnlab.weights.reading import Weights
from cnnlab.weights.report import lines, report, rows
from cnnlab.weights.transfer import Transfer, spread, transfer

FILE = Path("w.pth")


def named(state: dict[str, Tensor]) -> Weights:
    layout, names = recognise(state)
    return Weights(FILE, {names[name]: tensor for name, tensor in state.items()}, layout)


def small(*overrides: str, channels: int = 3, classes: int = 1000) -> Net:
    return build(network(zoo("resnet18", "model.width=0.125", *overrides), classes), (channels, 32, 32))


def given(net: Net, weights: Weights | None = None, adapt: tuple[str, ...] = ()) -> Transfer:
    return transfer(weights or named(resnet18()), net.state_dict(), adapt)


def faults(net: Net, *adapt: str) -> list[str]:
    return [str(fault) for fault in given(net, adapt=adapt).faults]


def notes(found: Transfer) -> dict[str, list[str]]:
    return {row["block"]: row["notes"] for row in rows(found) if row["notes"]}


def test_torchvisions_weights_fill_the_network_of_the_same_name():
    net = small()
    found = given(net)
    assert not found.faults
    assert notes(found) == {}
    found.apply(net)
    state = resnet18()
    for name, ours in recognise(state)[1].items():
        assert torch.equal(net.state_dict()[ours], state[name])


def test_nothing_is_loaded_before_it_is_applied_and_the_networks_own_weights_stay_where_the_file_has_none():
    net, fresh = small("model.body.stage5={block: residual, channels: 512}"), None
    fresh = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    found = given(net)
    assert all(torch.equal(fresh[name], tensor) for name, tensor in net.state_dict().items())
    found.apply(net)
    changed = {name.split(".")[1] for name, tensor in net.state_dict().items() if not torch.equal(fresh[name], tensor)}
    assert changed == {"stem", "stage1", "stage2", "stage3", "stage4", "fc"}


def test_a_block_more_a_block_less_and_a_deeper_stage_leave_the_others_theirs():
    change = ["model.body.extra={block: conv, channels: 64, after: stage1}", "model.body.stage3.repeat=3"]
    found = given(small(*change, "model.body.stage4=null", "model.body.stage5={block: conv, channels: 512}"))
    assert not found.faults
    assert notes(found) == {
        "body.extra": ["starts anew: not in the file"],
        "body.stage3": [
            "2.body.conv1.conv, 2.body.conv1.norm, 2.body.conv2.conv and 1 more: starts anew: not in the file"
        ],
        "body.stage5": ["starts anew: not in the file"],
        "body.stage4": ["no such block here"],
    }


@pytest.mark.parametrize("norm", ["group", "none"])
def test_another_norm_leaves_the_convolutions_theirs(norm: str):
    change = "model.norm={kind: group, groups: 4}" if norm == "group" else "model.norm=none"
    net = small(change)
    found = given(net)
    assert not found.faults
    found.apply(net)
    assert torch.equal(net.state_dict()["body.stage2.1.body.conv2.conv.weight"], resnet18()["layer2.1.conv2.weight"])
    if norm == "group":
        assert notes(found)["body.stem"] == ["0.norm: starts anew: batch norm in the file, another norm here"]
        assert torch.equal(net.state_dict()["body.stem.0.norm.weight"], torch.ones(8))
    else:
        assert notes(found)["body.stem"] == [
            "its bias starts anew, the file has none",
            "0.norm of the file: no such layer here",
        ]


def test_batch_norm_where_the_file_has_another_norm_starts_anew():
    state = {
        name: tensor for name, tensor in small().state_dict().items() if "running" not in name and "num" not in name
    }
    found = given(small(), Weights(FILE, state, "ours"))
    assert notes(found)["body.stem"] == ["0.norm: starts anew: another norm in the file, batch norm here"]


def test_a_bias_that_has_no_place_is_told():
    state = {**small().state_dict(), "body.stem.0.conv.bias": torch.ones(8)}
    found = given(small(), Weights(FILE, state, "ours"))
    assert notes(found) == {"body.stem": ["0.conv: the file's bias has no place here"]}


def test_other_channels_and_classes_are_adapted_only_when_asked():
    net = small(channels=1, classes=10)
    channels = (
        "weights: w.pth: made for images of 3 channels, these have 1; adapt=channels fits body.stem.0.conv to them"
    )
    classes = "weights: w.pth: made for 1000 classes, these data have 10; adapt=classes starts head.fc.0.linear anew"
    assert faults(net) == [channels, classes]
    assert faults(net, "channels") == [classes]
    assert faults(net, "classes") == [channels]
    found = given(net, adapt=("channels", "classes"))
    assert not found.faults
    before = net.state_dict()["head.fc.0.linear.weight"].clone()
    found.apply(net)
    state = net.state_dict()
    assert torch.equal(state["body.stem.0.conv.weight"], resnet18()["conv1.weight"].sum(1, keepdim=True))
    assert torch.equal(state["head.fc.0.linear.weight"], before)
    assert notes(found) == {
        "body.stem": ["0.conv: fitted to 1 channel from 3"],
        "head.fc": ["starts anew: 1000 classes in the file, 10 here"],
    }


def test_equal_channels_and_classes_are_taken_also_where_others_were_allowed():
    assert notes(given(small(), adapt=("channels", "classes", "shapes"))) == {}


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 7])
def test_a_grey_image_has_the_response_it_had_in_colour(channels: int):
    weight, grey = torch.randn(8, 3, 5, 5, dtype=torch.float64), torch.randn(2, 1, 9, 9, dtype=torch.float64)
    fitted = spread(weight, channels)
    assert fitted.shape == (8, channels, 5, 5)
    if channels % 3 == 0 or channels == 1:
        colour = torch.conv2d(grey.expand(-1, 3, -1, -1), weight)
        torch.testing.assert_close(torch.conv2d(grey.expand(-1, channels, -1, -1), fitted), colour)
    torch.testing.assert_close(spread(weight, 3), weight)


def test_layers_of_other_shapes_start_anew_only_when_asked():
    net = small("model.body.stage2.channels=64")  # 8 after the width
    (said,) = faults(net)
    assert said == (
        "weights: w.pth: body.stage2.0.body.conv1.conv is 16×8×3×3 in the file, 8×8×3×3 here, and 11 more differ; "
        "adapt=shapes starts such layers anew"
    )
    found = given(net, adapt=("shapes",))
    assert not found.faults
    assert "16×8×3×3 in the file, 8×8×3×3 here" in notes(found)["body.stage2"][0]
    assert {layer.name.split(".")[1] for layer in found.layers if not layer.taken} == {"stage2", "stage3"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"conv1.weight": torch.full((8, 3, 7, 7), float("nan"))},
            "body.stem.0.conv.weight has numbers in it that are",
        ),
        ({"conv1.weight": torch.tensor(1.0)}, "body.stem.0.conv is a single number in the file, 8×3×7×7 here"),
        ({"conv1.weight": None, "conv1.bias": torch.ones(8)}, "it has bias of body.stem.0.conv, but no weight"),
    ],
)
def test_broken_layers_are_faults(change: dict[str, Any], said: str):
    state = {name: tensor for name, tensor in {**resnet18(), **change}.items() if tensor is not None}
    (fault,) = given(small(), named(state)).faults
    assert said in str(fault)


def test_weights_of_another_network_are_a_fault():
    lenet = build(network(zoo("lenet"), 1000), (3, 28, 28))
    (said,) = faults(lenet)
    assert said.startswith("weights: w.pth: none of its layers fits this network: it has body.stem.0.conv, ")


def test_a_network_of_other_widths_throughout_is_told_its_shapes():
    (said,) = [str(fault) for fault in given(small("model.width=0.25"), adapt=("shapes", "classes")).faults]
    assert said.startswith(
        "weights: w.pth: none of its layers fits this network: body.stem.0.conv is 8×3×7×7 in the file, 16×3×7×7 here, "
    )
    assert said.endswith(" here and 38 more")


def test_shapes_are_told_of_whatever_a_layer_of_ones_own_calls_its_weights():
    here = {"body.c.0.weight": torch.ones(2, 2), "body.x.0.gain": torch.ones(12, 1, 1)}
    there = Weights(FILE, {"body.c.0.weight": torch.ones(2, 2), "body.x.0.gain": torch.ones(16, 1, 1)}, "ours")
    (said,) = [str(fault) for fault in transfer(there, here).faults]
    assert "body.x.0.gain is 16×1×1 in the file, 12×1×1 here; adapt=shapes" in said
    assert notes(transfer(there, here, ("shapes",))) == {
        "body.x": ["starts anew: gain 16×1×1 in the file, 12×1×1 here"]
    }
    other = Weights(FILE, {"body.c.0.weight": torch.ones(2, 2), "body.x.0.gains": torch.ones(12, 1, 1)}, "ours")
    assert notes(transfer(other, here)) == {"body.x": ["starts anew: gains in the file, gain here"]}


def test_half_precision_is_made_whole():
    net = small()
    state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in resnet18().items()}
    given(net, named(state)).apply(net)
    assert net.state_dict()["body.stem.0.conv.weight"].dtype == torch.float32
    torch.testing.assert_close(
        net.state_dict()["body.stem.0.conv.weight"], resnet18()["conv1.weight"], atol=1e-3, rtol=1e-3
    )


def test_a_convolution_can_be_the_output():
    raw = model(
        {"c": {"block": "conv", "channels": 8}}, {"out": {"block": "conv", "channels": "classes", "kernel_size": 1}}
    )
    raw["head"]["pool"] = {"block": "global_avg_pool"}
    there, here = (build(network(raw, classes), (3, 8, 8)) for classes in (20, 10))
    found = transfer(Weights(FILE, there.state_dict(), "ours"), here.state_dict(), ("classes",))
    assert notes(found) == {"head.out": ["starts anew: 20 classes in the file, 10 here"]}


def test_auxiliary_heads_are_outputs_too_and_may_be_left_out():
    head = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}}
    raw = model({"c": {"block": "conv", "channels": 8}}, aux={"side": {"from": "c", "head": head}})
    there, here = (build(network(raw, classes), (3, 8, 8)) for classes in (20, 10))
    weights = Weights(FILE, there.state_dict(), "ours")
    assert len(transfer(weights, here.state_dict()).faults) == 2
    anew = ["starts anew: 20 classes in the file, 10 here"]
    assert notes(transfer(weights, here.state_dict(), ("classes",))) == {"head.fc": anew, "aux.side": anew}
    without = build(network({**raw, "aux": None}, 20), (3, 8, 8))
    assert notes(transfer(weights, without.state_dict())) == {"aux.side": ["no such block here"]}


def test_the_report_is_a_line_a_block():
    found = given(small("model.body.stage4=null", channels=1, classes=10), adapt=("channels", "classes", "shapes"))
    assert lines(found) == [
        "weights from w.pth (torchvision's resnet): 30 of 31 layers transferred",
        "  body.stem    2 of 2    0.conv: fitted to 1 channel from 3",
        "  body.stage1  8 of 8",
        "  body.stage2  10 of 10",
        "  body.stage3  10 of 10",
        "  head.fc      0 of 1    starts anew: 1000 classes in the file, 10 here",
        "  body.stage4  left out  no such block here",
    ]


def test_names_that_nobody_knows_are_listed():
    weights = replace(named(resnet18()), unknown=("fc.1.weight", "fc.1.bias"))
    found = given(small(), weights)
    assert lines(found)[-1] == "  not taken: fc.1.weight, fc.1.bias (none of torchvision's resnet)"
    assert report(found)["unknown"] == ["fc.1.weight", "fc.1.bias"]
