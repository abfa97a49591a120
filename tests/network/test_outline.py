"""What is inside blocks: read off the modules they build, copies that are drawn the same put together."""

from __future__ import annotations

from sample_networks import CONV, model, network
from torch import nn
from zoo_outlines import drawn

from cnnlab.blocks import Block
from cnnlab.blocks.trace import trace
from cnnlab.drawing.outline import OutlineNode
from cnnlab.network.outline import block_node, outline


def stage(name: str, block: str) -> OutlineNode:
    return next(node for node in drawn(name).nodes if node.name == block)


def test_copies_that_are_drawn_the_same_are_one() -> None:
    first, others = stage("resnet34", "stage3").chain
    assert (first.name, others.name, others.times) == ("stage3.0", "stage3.1–5", 5)
    assert first.chain[0].branches[1].nodes[0].ops == ("1×1 conv, 256, /2", "batch norm")
    assert others.chain[0].branches[1].nodes == ()


def test_channels_that_grow_from_copy_to_copy_are_a_range() -> None:
    dense = stage("densenet121", "dense1")
    assert (dense.times, dense.shape[0], dense.until and dense.until[0]) == (6, 96, 256)


def test_branches_that_are_drawn_the_same_are_one() -> None:
    maps = stage("paper/lenet5", "c3").branches
    assert [(branch.times, branch.nodes[0].chain[0].ops) for branch in maps] == [
        (6, ("3 of 6 maps",)),
        (9, ("4 of 6 maps",)),
        (1, ("6 of 6 maps",)),
    ]


def test_a_gate_multiplies_and_a_shared_activation_stands_before_the_branches() -> None:
    gate = stage("se_resnet18", "stage1").chain[0].branches[0].nodes[-1]
    assert (gate.name, gate.merge, gate.branches[1].nodes) == ("se", "mul", ())
    pre, added = stage("paper/preact_resnet18", "stage1").chain[0].chain
    assert (pre.ops, added.merge) == (("batch norm", "relu"), "add")


def test_a_plain_network_has_no_branches() -> None:
    assert all(not node.branches for node in stage("cifar/plain20", "stage1").chain)


def test_operations_are_named_as_in_papers() -> None:
    said = {
        "conv1": ("11×11 conv, 96, /4", "relu"),
        "norm1": ("lrn",),
        "conv2": ("5×5 conv, 256, 2 groups", "relu"),
        "pool1": ("3×3 max pool, /2",),
        "fc6": ("linear, 4096", "relu", "dropout 0.5"),
    }
    assert {name: stage("paper/alexnet", name).ops for name in said} == said
    assert stage("mobilenet_v2", "stage1").chain[0].ops == ("3×3 depthwise", "batch norm", "relu6")
    assert stage("d2l/lenet", "flat").ops == ("flatten",)


def test_a_users_own_block_is_one_box_whatever_its_modules_return() -> None:
    class Attention(nn.Module):
        def __init__(self, width: int):
            super().__init__()
            self.inner = nn.MultiheadAttention(width, 1, batch_first=True)

        def forward(self, x):
            rows = x.flatten(2).transpose(1, 2)
            return x + self.inner(query=rows, key=rows, value=rows)[0].transpose(1, 2).reshape(x.shape)

    class Attend(Block):
        block: str = "attend"

        def build(self, shape):
            return Attention(shape[0])

    node = block_node(Attend(), trace(Attend(), (8, 4, 4)))
    assert (node.ops, node.kind, node.shape, node.role) == (("Attention",), "attend", (8, 4, 4), "conv")
    assert node.params == 8 * 8 * 4 + 8 * 4


def test_blocks_written_in_yaml_keep_their_names() -> None:
    fire = stage("squeezenet1_0", "fire2")
    assert (fire.kind, [node.name for node in fire.chain]) == ("fire", ["squeeze", "expand"])


def test_sources_are_kept() -> None:
    raw = model({"a": CONV, "b": CONV, "c": {**CONV, "from": ["a", "b"], "join": "add", "repeat": 2}})
    found = outline(network(raw), (8, 16, 16)).body[2]
    assert (found.sources, found.join, found.copies) == (("a", "b"), "add", False)
