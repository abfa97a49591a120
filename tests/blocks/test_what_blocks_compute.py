"""What the kinds compute, by their papers' formulas."""

import pytest
import torch
from sample_networks import CONV, HEAD, faults, model, network
from torch import nn
from torch.nn import functional as F

from cnnlab.blocks import KINDS
from cnnlab.blocks.merge import Skip
from cnnlab.blocks.modules import StochasticDepth, binomial
from cnnlab.blocks.part import Misfit
from cnnlab.network.build import build

SHAPE = (6, 9, 8)
X = torch.randn(2, *SHAPE)


def made(kind, shape=SHAPE, **settings) -> nn.Module:
    torch.manual_seed(0)
    return KINDS[kind](**settings).build(shape).eval()


def misfit(kind, shape=SHAPE, **settings) -> str:
    with pytest.raises(Misfit) as caught:
        KINDS[kind](**settings).shape(shape)
    return caught.value.message


# -- convolutions


def test_the_order_of_norm_activation_and_convolution():
    for order, names in (
        ("conv_norm_act", ["conv", "norm", "act"]),
        ("norm_act_conv", ["norm", "act", "conv"]),
        ("conv_act_norm", ["conv", "act", "norm"]),
    ):
        net = made("conv", channels=4, norm="batch", order=order)
        assert [name for name, _ in net.named_children()] == names
        assert net.norm.num_features == (6 if order == "norm_act_conv" else 4)


def test_a_depthwise_convolution_treats_each_channel_by_itself():
    net = made("depthwise_conv", multiplier=2, act="none", kernel_size=3, stride=2)
    kernel = net.conv.weight
    by_hand = [F.conv2d(X[:, i : i + 1], kernel[2 * i : 2 * i + 2], stride=2, padding=1) for i in range(6)]
    torch.testing.assert_close(net(X), torch.cat(by_hand, 1) + net.conv.bias.view(-1, 1, 1))


def test_a_separable_convolution_is_two():
    net = made("separable_conv", channels=5, norm="batch")
    assert [type(layer).__name__ for layer in net.depthwise] == ["Conv2d", "BatchNorm2d", "ReLU"]
    torch.testing.assert_close(net(X), net.pointwise(net.depthwise(X)))
    bare = made("separable_conv", channels=5, norm="batch", between=False)
    assert [type(layer).__name__ for layer in bare.depthwise] == ["Conv2d"]
    assert bare.depthwise.conv.bias is None


# -- normalisation, pools, channels


def test_local_response_normalisation_is_the_papers():
    size, alpha, beta, k = 3, 0.2, 0.5, 2.0
    squares = F.pad(X.square(), (0, 0, 0, 0, 1, 1))
    total = sum(squares[:, i : i + 6] for i in range(size))
    net = made("lrn", size=size, alpha=alpha, beta=beta, k=k)
    torch.testing.assert_close(net(X), X / (k + alpha * total) ** beta)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_a_blur_keeps_what_is_even_and_its_filter_is_binomial(size):
    net = made("blur_pool", kernel_size=size, stride=2)
    torch.testing.assert_close(net(torch.ones(1, *SHAPE)), torch.ones(1, 6, 5, 4))
    assert not list(net.parameters())
    torch.testing.assert_close(binomial(5), torch.tensor([1, 4, 6, 4, 1], dtype=torch.float64) / 16)


def test_a_blur_sees_a_shift_less_than_a_stride_alone():
    x = torch.rand(1, 1, 32, 32)
    moved = x.roll(1, -1)

    def change(net):
        return float((net(x) - net(moved))[..., 2:-2].abs().mean())

    assert change(made("blur_pool", (1, 32, 32))) < 0.5 * change(nn.MaxPool2d(1, 2))


def test_a_blur_of_an_image_that_has_no_edge_to_mirror_is_a_misfit():
    assert misfit("blur_pool", (3, 2, 9), kernel_size=5) == (
        "the feature map vanishes: blur_pool mirrors its edge, needs at least 3×3, has 2×9"
    )


def test_a_blur_is_started_with_the_network():
    net = build(network(model({"c": CONV, "b": {"block": "blur_pool"}})), (1, 8, 8)).body.b[0]
    torch.testing.assert_close(net.kernel.sum(), torch.tensor(1.0))


def test_channels_are_selected_in_the_order_named():
    assert torch.equal(made("select", indices=(4, 0, 4))(X), X[:, [4, 0, 4]])
    assert misfit("select", indices=(1, 6)) == "channel 6 is not there: 6 are, counted from 0"


# -- gates


@pytest.mark.parametrize("gate", ["sigmoid", "hardsigmoid"])
def test_a_gate_weighs_channels_by_their_means(gate):
    net = made("squeeze_excite", ratio=2, gate=gate)
    squeeze, excite = net.gate.squeeze.conv, net.gate.excite.conv
    inner = F.relu(F.linear(X.mean((2, 3)), squeeze.weight[..., 0, 0], squeeze.bias))
    weights = getattr(torch.nn.functional, gate)(F.linear(inner, excite.weight[..., 0, 0], excite.bias))
    torch.testing.assert_close(net(X), X * weights[..., None, None])


def test_an_inner_width_is_whole_or_a_misfit():
    assert misfit("squeeze_excite", ratio=4) == "ratio (4) must divide channels (6)"
    assert (
        misfit("inverted_residual", channels=6, squeeze_excite={"ratio": 4, "of": "input"})
        == "squeeze_excite (4) must divide channels in (6)"
    )
    assert made("squeeze_excite", inner=4).gate.squeeze.conv.out_channels == 4


def test_a_gate_stands_before_the_sum():
    net = made("residual", channels=6, squeeze_excite=2, norm="batch")
    out = net.body.conv2(net.body.conv1(X))
    torch.testing.assert_close(net(X), F.relu(net.body.se(out) + X))


# -- shortcuts


def test_a_padded_shortcut_leaves_out_positions_and_adds_channels_of_zeros():
    net = made("residual", channels=8, stride=2, shortcut="pad")
    beside = F.pad(X[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2))
    torch.testing.assert_close(net(X), F.relu(net.body(X) + beside))
    assert not list(net.shortcut.parameters())
    assert misfit("residual", channels=4, shortcut="pad") == ("a padded shortcut adds channels; the body makes 4 of 6")


def test_a_pooled_shortcut_averages_before_it_projects():
    net = made("residual", (6, 8, 8), channels=8, stride=2, shortcut="pool")
    x = X[:, :, :8]
    project = net.shortcut.project.conv
    beside = F.conv2d(F.avg_pool2d(x, 2), project.weight, project.bias)
    torch.testing.assert_close(net(x), F.relu(net.body(x) + beside))
    assert made("residual", channels=8, stride=2, shortcut="pool")(X).shape == (2, 8, 5, 4)


def test_pre_activation_leaves_the_sum_as_it_is():
    net = made("preact_residual", channels=6, norm="batch")
    active = F.relu(net.pre.norm(X))
    torch.testing.assert_close(net(X), net.body(active) + X)
    net = made("preact_residual", channels=6, norm="batch", shared=True)
    torch.testing.assert_close(net(X), net.body(F.relu(net.pre.norm(X))) + F.relu(net.pre.norm(X)))


def test_a_pre_activated_projection_starts_behind_the_activation():
    for kind in ("preact_residual", "preact_bottleneck"):
        net = made(kind, channels=8, stride=2, norm="batch")
        active = F.relu(net.pre.norm(X))
        torch.testing.assert_close(net(X), net.body(active) + net.shortcut(active))
        assert net.shortcut.conv.bias is None
        assert list(net.body)[-1].conv.bias is None


# -- dense, inverted


def test_a_dense_layer_puts_what_is_new_behind_what_was_there():
    net = made("dense_block", growth=3, norm="batch")
    assert torch.equal(net(X)[:, :6], X)
    assert net.new.conv1.conv.out_channels == 12
    assert [name for name, _ in made("dense_block", growth=3, expansion=0).new.named_children()] == ["conv2"]


def test_a_transition_halves():
    assert made("transition", (6, 8, 8), norm="batch")(X[:, :, :8]).shape == (2, 3, 4, 4)
    assert made("transition", (5, 8, 8), compression=0.6).conv.conv.out_channels == 3
    assert misfit("transition", (1, 8, 8)) == "compression (0.5) leaves none of 1 channels"


def test_an_inverted_residual_adds_its_input_where_it_can():
    net = made("inverted_residual", channels=6, norm="batch", act="relu6")
    torch.testing.assert_close(net(X), net.body(X) + X)
    for other in ({"channels": 8}, {"channels": 6, "stride": 2}):
        net = made("inverted_residual", norm="batch", **other)
        torch.testing.assert_close(net(X), net.body(X))
    assert "expand" not in dict(made("inverted_residual", channels=6, expansion=1).body.named_children())


# -- stochastic depth


def test_stochastic_depth_leaves_out_whole_images_and_keeps_the_mean():
    net = StochasticDepth(0.25).train()
    x = torch.ones(4000, 2, 3)
    torch.manual_seed(0)
    out = net(x)
    assert set(out.flatten(1).unique(dim=1).shape[1:]) == {1}, "an image is left out as a whole"
    assert abs(float((out[:, 0, 0] == 0).float().mean()) - 0.25) < 0.03
    assert abs(float(out.mean()) - 1) < 0.05
    assert torch.equal(net.eval()(x), x)


def test_its_rate_rises_over_the_blocks_that_do_not_set_theirs():
    residual = {"block": "residual", "channels": 8}
    inner = {"block": "skip", "body": {"r": residual}}
    body = {"c": CONV, "a": residual | {"repeat": 2}, "own": residual | {"stochastic_depth": 0.5}, "s": inner}
    found = network(model({**body, "plain": residual | {"shortcut": "none"}}, stochastic_depth=0.4)).body
    rates = [block.stochastic_depth for stage in found[1:4] for block in stage.copies]
    skip = found[3].copies[0]
    assert isinstance(skip, Skip)
    own = [rate * 4 / 5 if rate != 0.5 else rate for rate in (0, 0.1, 0.5, 0.2, 0.3)]
    assert [*rates, skip.body[0].copies[0].stochastic_depth] == pytest.approx(own), "of five, the plain one among them"
    assert found[4].copies[0].stochastic_depth is None


def test_a_rate_that_nothing_takes_is_a_fault():
    assert faults(model({"c": CONV}, stochastic_depth=0.2)) == [
        "model.stochastic_depth: no block of this network takes this setting"
    ]


def test_nothing_is_left_out_where_there_is_no_shortcut():
    assert misfit("residual", channels=6, shortcut="none", stochastic_depth=0.5) == (
        "stochastic_depth leaves out a body beside a shortcut; there is none"
    )


# -- the output layer


def test_the_last_linear_layer_is_the_output_also_where_its_width_is_a_number():
    head = {
        "pool": HEAD["pool"],
        "hidden": {"block": "linear", "features": 10},
        "fc": {"block": "linear", "features": 10},
    }
    found = network(model({"c": CONV}, head, act="tanh", dropout=0.5, head_norm="batch")).head
    assert [(stage.copies[0].act, stage.copies[0].dropout) for stage in found[1:]] == [("tanh", 0.5), ("none", 0.0)]
    nested = {"pool": HEAD["pool"], "s": {"block": "sequential", "body": {"fc": {"block": "linear", "features": 10}}}}
    assert network(model({"c": CONV}, nested, act="tanh")).head[1].copies[0].body[0].copies[0].act == "none"
