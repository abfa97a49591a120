"""Mirrors cnnlab/weights/names.py."""

import pytest
from sample_networks import network, zoo
from torchvision_state import resnet18

from benchmarks.counts import header
from cnnlab.network.build import blank
from cnnlab.weights.names import Rule, families, foreign_names, layouts, recognise


@pytest.mark.parametrize(
    ("theirs", "ours", "layer", "becomes"),
    [
        ("fc", "head.fc.0.linear", "fc", "head.fc.0.linear"),
        ("fc", "head.fc.0.linear", "fc1", None),
        ("layer{s}.{i}.conv{n}", "body.stage{s}.{i}.conv{n}", "layer3.11.conv2", "body.stage3.11.conv2"),
        ("layer{s}.conv", "body.{s}", "layer1.0.conv", None),  # a word ends at a dot
        ("inception{x}.conv", "body.inc{x}.{x}", "inception4e.conv", "body.inc4e.4e"),
        ("block.layer{i}", "body.{i-1}.{i+10}", "block.layer1", "body.0.11"),
        ("classifier.{0,3,6}", "head.{fc6,fc7,fc8}.0", "classifier.3", "head.fc7.0"),
        ("classifier.{0,3,6}", "head.{fc6,fc7,fc8}.0", "classifier.30", None),
        ("b{2,3}.{s}.{conv,bn}", "body.{s}.{b3,b5}.{conv,norm}", "b3.7.bn", "body.7.b5.norm"),
        ("a.b", "c", "axb", None),
    ],
)
def test_a_rule_translates_the_layers_it_knows(theirs, ours, layer, becomes):
    assert Rule(theirs, ours).translate(layer) == becomes


def test_a_table_says_what_a_word_becomes_and_which_words_there_are():
    rule = Rule("features.{at}.conv", "body.{at}.conv", {"at": {"3": "fire2.0", "12": "fire9.0"}})
    assert rule.translate("features.12.conv") == "body.fire9.0.conv"
    assert rule.translate("features.4.conv") is None


def test_lists_of_two_lengths_are_a_mistake_of_the_file():
    with pytest.raises(ValueError, match="shorter"):
        Rule("features.{0,3,6}", "body.{a,b}").translate("features.0")


def test_the_rules_of_every_file_can_be_read():
    for layout in layouts():
        for rule in layout.rules:
            assert rule.pattern
            assert rule.lists is not None


def test_a_layout_is_told_by_the_names():
    layout, names = recognise(resnet18())
    assert layout == "torchvision's resnet"
    assert names["layer2.0.downsample.1.running_var"] == "body.stage2.0.shortcut.norm.running_var"
    assert len(set(names.values())) == len(resnet18())
    assert (
        recognise(["features.0.weight", "features.1.running_mean", "features.4.weight"])[0] == "torchvision's vgg11_bn"
    )
    assert recognise(["features.0.weight", "features.3.weight", "features.6.weight"])[0] != "torchvision's vgg11_bn"
    assert recognise(["body.c1.0.conv.weight", "fc.weight"]) == (
        "cnnlab's own names",
        {"body.c1.0.conv.weight": "body.c1.0.conv.weight"},
    )


def test_names_that_a_layout_does_not_know_leave_the_others_theirs():
    assert recognise([*resnet18(), "layer5.conv.weight", "fc.1.weight"]) == recognise(resnet18())


def test_published_files_are_named_with_their_checksum():
    for family in families().values():
        for file, size in family.get("files", {}).values():
            digits = file.rpartition("-")[2].removesuffix(".pth")
            assert len(digits) in (8, 10), file
            assert int(digits, 16) > 0
            assert 1 < size < 3000


@pytest.mark.parametrize(
    "name",
    sorted(
        {file.split(".")[0] for family in families().values() for file in family.get("files", ())}
        - {
            "efficientnet_v2_s",
            "efficientnet_v2_m",
            "efficientnet_v2_l",
        }  # several are body.last
    ),
)
def test_names_of_every_network_that_torchvision_publishes_go_there_and_back(name: str) -> None:
    said = header(name)
    net = blank(network(zoo(name), said.classes), said.shape)
    net.aux = None
    layers = list(dict.fromkeys(key.rpartition(".")[0] for key in net.state_dict()))
    _, names = foreign_names(layers)
    assert list(names) == layers
    assert len(set(names.values())) == len(layers)
    assert all(any(layout.translate(foreign) == own for layout in layouts()) for own, foreign in names.items())
