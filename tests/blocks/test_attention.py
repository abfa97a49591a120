"""Gates, by their papers' formulas; standardised weights, norms of channels and activations with settings."""

import pytest
import torch
from torch.nn import functional as F

from cnnlab.blocks import KINDS, Conv, Grn, NormBlock
from cnnlab.blocks.part import Misfit

X = torch.randn(2, 6, 5, 4)


def test_a_gate_of_one_layer_has_no_inner_width():
    net = KINDS["squeeze_excite"](layers=1, gate="hardsigmoid").build((6, 5, 4))
    weight = net.gate.excite.conv
    assert [name for name, _ in net.gate.named_children()] == ["pool", "excite"]
    torch.testing.assert_close(net(X), X * F.hardsigmoid(weight(X.mean((2, 3), keepdim=True))))


def test_a_gate_of_means_and_maxima_has_the_same_layers_for_both():
    net = KINDS["squeeze_excite"](ratio=2, pool="both", bias=False).build((6, 5, 4))
    layers = net.gate.layers
    assert sum(p.numel() for p in net.parameters()) == 6 * 3 * 2
    both = layers(X.mean((2, 3), keepdim=True)) + layers(X.amax((2, 3), keepdim=True))
    torch.testing.assert_close(net(X), X * both.sigmoid())


@pytest.mark.parametrize(
    ("gate", "inner"),
    [
        ({"ratio": 4, "of": "input"}, 2),
        ({"ratio": 4, "of": "gate"}, 4),
        ({"ratio": 4}, 4),
        ({"ratio": 4, "divisor": 8}, 8),
        ({"inner": 5}, 5),
    ],
)
def test_a_squeeze_ratio_says_of_which_channels_it_is(gate, inner):
    net = KINDS["inverted_residual"](channels=8, expansion=2, squeeze_excite=gate).build((8, 5, 4))
    assert net.body.se.gate.squeeze.conv.out_channels == inner


def test_a_bare_squeeze_ratio_of_an_inverted_residual_is_told_what_to_write():
    with pytest.raises(ValueError, match=r"\{ratio: 4, of: input\} \(those that come in, as 0.2.0 had it\)"):
        KINDS["inverted_residual"](channels=8, squeeze_excite=4)


def test_groups_alone_change_no_width():
    def widths(**settings):
        conv = KINDS["bottleneck"](channels=32, **settings).build((8, 5, 4)).body.conv2.conv
        return conv.out_channels, conv.groups

    assert widths(groups=4) == (8, 4)
    assert widths(groups=4, base_width=32) == (16, 4)
    assert widths(ratio=1, group_width=8) == (32, 4)
    assert widths(base_width=6.4 * 10) == (8, 1)
    with pytest.raises(Misfit, match=r"group_width \(3\) must divide inner channels \(8\)"):
        widths(group_width=3)
    with pytest.raises(Misfit, match=r"channels \(32\) divided by ratio \(2\.5\) are 12\.8: not whole"):
        widths(ratio=2.5)


def test_a_fused_body_is_one_convolution_where_two_were():
    net = KINDS["inverted_residual"](channels=6, expansion=2, fused=True).build((6, 5, 4))
    assert [name for name, _ in net.body.named_children()] == ["fused", "project"]
    torch.testing.assert_close(net(X), net.body.project(net.body.fused(X)) + X)
    one = KINDS["inverted_residual"](channels=6, expansion=1, fused=True).build((6, 5, 4))
    assert [name for name, _ in one.body.named_children()] == ["fused"]


def test_standardised_weights_have_mean_0_and_variance_1_in_each_output_channel():
    for standardize in ("weights", "scaled"):
        net = Conv(channels=4, standardize=standardize, act="none").build((6, 5, 4))
        weight, fan_in = net.conv.weight, 6 * 9
        used = (weight - weight.mean((1, 2, 3), keepdim=True)) / (
            weight.var((1, 2, 3), unbiased=False, keepdim=True) + 1e-6
        ).sqrt()
        if standardize == "scaled":
            net.conv.gain.data.normal_()
            used = used * net.conv.gain / fan_in**0.5
        torch.testing.assert_close(net(X), F.conv2d(X, used, net.conv.bias, padding=1))


def test_layer_norm_of_channels_sees_one_position():
    net = NormBlock(norm={"kind": "channel_layer", "eps": 1e-6}).build((6, 5, 4))
    net.weight.data.normal_()
    by_hand = F.layer_norm(X.permute(0, 2, 3, 1), (6,), net.weight, net.bias, 1e-6).permute(0, 3, 1, 2)
    torch.testing.assert_close(net(X), by_hand)
    assert isinstance(NormBlock(norm={"kind": "channel_layer"}).build((6,)), torch.nn.LayerNorm)


def test_global_response_normalisation_is_the_papers():
    net = Grn().build((6, 5, 4))
    net.weight.data.normal_()
    net.bias.data.normal_()
    x = X.permute(0, 2, 3, 1)
    sizes = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
    by_hand = net.weight.view(-1) * (x * (sizes / (sizes.mean(-1, keepdim=True) + 1e-6))) + net.bias.view(-1) + x
    torch.testing.assert_close(net(X), by_hand.permute(0, 3, 1, 2))


def test_activations_with_settings():
    def act(**settings):
        return KINDS["act"](act=settings).build((6, 5, 4))(X)

    torch.testing.assert_close(act(kind="leaky_relu", slope=0.1), F.leaky_relu(X, 0.1))
    torch.testing.assert_close(act(kind="elu", alpha=0.5), F.elu(X, 0.5))
    torch.testing.assert_close(act(kind="prelu"), F.prelu(X, torch.full((6,), 0.25)))
    assert KINDS["act"](act={"kind": "prelu", "shared": True}).build((6, 5, 4)).num_parameters == 1
    assert KINDS["act"](act={"kind": "relu"}) == KINDS["act"](act="relu")
    with pytest.raises(ValueError, match="slope is a setting of leaky_relu and prelu, not of relu"):
        act(kind="relu", slope=0.1)
