"""Branches, shortcuts and stacks: what they compute, and what they say where they cannot."""

import pytest
import torch

from cnnlab.blocks import ActBlock, Conv, Flatten, GlobalAvgPool, Linear, MaxPool, Parallel, Residual, Sequential, Skip
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.residual import Bottleneck

X = torch.rand(2, 3, 4, 4)
LEFT, RIGHT = {"c": Conv(channels=3, act="tanh")}, {"p": MaxPool(kernel_size=3, stride=1, padding=1)}
JOINED = {
    "concat": lambda a, b: torch.cat([a, b], 1),
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "mean": lambda a, b: (a + b) / 2,
    "max": torch.maximum,
}


def misfit(block, shape=(3, 4, 4)):
    with pytest.raises(Misfit) as caught:
        block.shape(shape)
    with pytest.raises(Misfit):
        block.build(shape)
    return ".".join(caught.value.path) + ": " + caught.value.message


@pytest.mark.parametrize("merge", JOINED)
def test_branches_are_joined_as_they_say(merge):
    net = Parallel(branches={"l": LEFT, "r": RIGHT}, merge=merge).build((3, 4, 4))
    torch.testing.assert_close(net(X), JOINED[merge](net.l(X), net.r(X)))


def test_rows_of_different_lengths_can_be_concatenated():
    branches = {"a": {"fc": Linear(features=3)}, "b": {"fc": Linear(features=5)}}
    assert Parallel(branches=branches).shape((7,)) == (8,)


def test_branches_that_end_at_different_sizes_are_named_with_them():
    branches = {"l": LEFT, "r": {"p": MaxPool()}, "f": {"f": Flatten()}}
    told = misfit(Parallel(branches=branches))
    assert told == "branches: branches to concat end at different sizes: l 3×4×4, r 3×2×2, f 48"
    told = misfit(Parallel(branches={"l": LEFT, "r": {"c": Conv(channels=2)}}, merge="add"))
    assert told == "branches: branches to add end at different sizes: l 3×4×4, r 2×4×4"


def test_no_branches_are_a_misfit():
    for merge in JOINED:
        assert misfit(Parallel(branches={}, merge=merge)) == "branches: there is no branch to run"


@pytest.mark.parametrize("name", ["pop", "values", "training", "forward", "append", "_modules"])
def test_a_name_that_torch_needs_is_a_misfit(name):
    said = f"the name {name!r} is taken by torch's own modules; give it another"
    assert misfit(Parallel(branches={name: LEFT})) == f"branches.{name}: {said}"
    assert misfit(Sequential(body={name: LEFT["c"]})) == f"body.{name}: {said}"


@pytest.mark.parametrize("name", ["merge", "body", "shape", "block", "conv"])
def test_other_words_are_good_names(name):
    assert Parallel(branches={name: LEFT}).build((3, 4, 4))(X).shape == (2, 3, 4, 4)


@pytest.mark.parametrize("shortcut", ["auto", "identity", "conv", "none"])
def test_a_body_that_keeps_the_shape_takes_any_shortcut(shortcut):
    net = Skip(body=LEFT, shortcut=shortcut).build((3, 4, 4))
    aside = {"none": 0 * X, "conv": net.shortcut(X) if shortcut == "conv" else None}.get(shortcut, X)
    torch.testing.assert_close(net(X), net.body(X) + aside)
    assert any("shortcut" in name for name, _ in net.named_parameters()) == (shortcut == "conv")


def test_a_body_that_changes_the_shape_needs_a_convolution_beside_it():
    body = {"c": Conv(channels=5, stride=(2, 1))}
    net = Skip(body=body).build((3, 4, 4))
    assert (net.shortcut.conv.kernel_size, net.shortcut.conv.stride) == ((1, 1), (2, 1))
    torch.testing.assert_close(net(X), net.body(X) + net.shortcut(X))
    assert misfit(Skip(body=body, shortcut="identity")) == (
        ": an identity shortcut needs a body that keeps the shape; this makes 5×2×4 of 3×4×4"
    )


def test_a_shortcut_that_no_stride_makes_fit_says_so():
    told = misfit(Skip(body={"c": Conv(channels=5, kernel_size=2, padding="valid")}), (3, 5, 5))
    assert told == ": no stride of a 1×1 shortcut makes 5×4×4, as the body does, of 3×5×5"
    told = misfit(Skip(body={"p": GlobalAvgPool()}))
    assert told == ": a convolutional shortcut takes an image (channels × rows × columns), gets 3 numbers"


def test_the_shortcuts_convolution_has_the_norm_and_bias_of_its_block():
    net = Residual(channels=8, stride=2, norm="batch").build((3, 8, 8))
    assert net.shortcut.norm.num_features == 8
    assert net.shortcut.conv.bias is None
    assert not hasattr(net.shortcut, "act")
    net = Residual(channels=8, stride=2, norm="batch", shortcut_norm="none").build((3, 8, 8))
    assert net.shortcut.conv.bias is not None


def test_a_residual_block_is_relu_of_the_sum():
    net = Residual(channels=3, norm="batch").build((3, 4, 4)).eval()
    by_hand = torch.relu(net.body.conv1.norm(net.body.conv1.conv(X)))
    by_hand = torch.relu(net.body.conv2.norm(net.body.conv2.conv(by_hand)) + X)
    torch.testing.assert_close(net(X), by_hand)


def test_a_plain_block_has_the_residual_ones_weights_but_the_shortcuts():
    plain, residual = (
        Residual(channels=8, stride=2, shortcut=s).build((3, 8, 8)).state_dict() for s in ("none", "auto")
    )
    assert {name for name in residual if not name.startswith("shortcut.")} == set(plain)


def test_a_bottlenecks_inner_width_is_whole_or_a_misfit():
    assert Bottleneck(channels=256, groups=32, base_width=4).inner == 128
    assert Bottleneck(channels=256, base_width=128).inner == 128
    assert misfit(Bottleneck(channels=255)) == ": ratio (4) must divide channels (255)"
    assert misfit(Bottleneck(channels=4, base_width=32)) == ": base_width (32) makes 1 · 32 / 64 channels: not whole"


def test_combinators_nest():
    inner = Skip(body={"p": Parallel(branches={"a": {"s": Skip(body=LEFT)}, "b": RIGHT}, merge="mean")})
    net = Sequential(body={"skip": inner, "act": ActBlock(act="none")}).build((3, 4, 4))
    skip = net.skip[0].body.p[0]
    a, b = skip.a.s[0].body(X) + X, skip.b(X)
    torch.testing.assert_close(net(X), (a + b) / 2 + X)


def test_a_misfit_deep_inside_has_its_path_without_numbers_of_copies():
    deep = {"s": Skip(body={"c": Conv(channels=3, kernel_size=9, padding="valid")})}
    told = misfit(Sequential(body={"p": Parallel(branches={"l": deep})}))
    assert told.startswith("body.p.branches.l.s.body.c: the feature map vanishes: conv with kernel_size 9")


def test_an_activation_in_a_branch_leaves_the_other_branches_input_alone():
    x = torch.randn(2, 3, 4, 4)
    net = Parallel(branches={"act": {"a": ActBlock()}, "same": {}}).build((3, 4, 4))
    assert torch.equal(net(x), torch.cat([x.relu(), x], 1))
