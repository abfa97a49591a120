"""Norms: which layer each is, what it does to numbers, and where it has none to do."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from cnnlab.blocks import Conv, Linear, NormBlock
from cnnlab.blocks.norm import NormSettings
from cnnlab.blocks.part import Misfit


def layer(norm, shape):
    return NormBlock(norm=norm).build(shape)


def misfit(block, shape):
    with pytest.raises(Misfit) as caught:
        block.shape(shape)
    assert caught.value.cause == "norm"
    return caught.value.message


@pytest.mark.parametrize(
    ("norm", "dims"), [("batch", (0, 2, 3)), ("layer", (1, 2, 3)), ("instance", (2, 3)), ("group", (2, 3, 4))]
)
def test_what_is_normalised_together_has_mean_0_and_variance_1(norm, dims):
    x = torch.randn(8, 64, 6, 5) * 3 + 7
    y = layer(norm, (64, 6, 5))(x)
    y = y.unflatten(1, (32, 2)) if norm == "group" else y
    torch.testing.assert_close(y.mean(dims), torch.zeros_like(y.mean(dims)), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(dims, correction=0), torch.ones_like(y.mean(dims)), atol=1e-4, rtol=0)


def test_every_norm_learns_a_scale_and_a_shift():
    for norm in ("batch", "layer", "instance", "group"):
        names = [name for name, _ in layer(norm, (64, 6, 5)).named_parameters()]
        assert names == ["weight", "bias"]


def test_settings_reach_the_layer():
    norm = layer({"kind": "batch", "eps": 0.001, "momentum": 0.2}, (4, 3, 3))
    assert (norm.eps, norm.momentum) == (0.001, 0.2)
    assert layer({"kind": "group", "groups": 2}, (4, 3, 3)).num_groups == 2
    assert isinstance(layer("layer", (4,)), nn.LayerNorm)
    assert isinstance(layer("none", (4,)), nn.Identity)


def test_channels_that_do_not_divide_list_the_groups_that_would():
    assert misfit(Conv(channels=12, norm="group"), (1, 8, 8)) == (
        "group norm cannot split 12 channels into 32 groups; "
        "write {kind: group, groups: N} with N one of 1, 2, 3, 4, 6, 12"
    )


def test_very_many_channels_are_listed_quickly():
    assert "one of 1, 3" in misfit(Conv(channels=3 * (10**12 + 1), norm="group"), (1, 1, 1))


@pytest.mark.parametrize("norm", ["instance", {"kind": "group", "groups": 4}])
def test_a_mean_over_one_number_is_a_misfit(norm):
    told = misfit(Conv(channels=4, norm=norm), (1, 1, 1))
    assert told.endswith("norm would take its mean over one number, and leave nothing of it")
    assert Conv(channels=4, norm=norm).shape((1, 1, 2)) == (4, 1, 2)


def test_a_row_of_numbers_has_groups_too_but_no_instance_norm():
    assert Linear(features=8, norm={"kind": "group", "groups": 2}).shape((5,)) == (8,)
    assert misfit(Linear(features=8, norm="instance"), (5,)) == "instance norm takes an image, gets 8 numbers"
    assert "mean over one number" in misfit(Linear(features=1, norm="layer"), (5,))


def test_a_convolution_has_a_bias_unless_a_norm_would_subtract_it():
    def biased(**said):
        return Conv(channels=4, **said).build((1, 5, 5)).conv.bias is not None

    assert biased()
    assert not biased(norm="batch")
    assert biased(norm="batch", bias=True)
    assert not biased(bias=False)
    assert Linear(features=4, norm="batch").build((3,)).linear.bias is None


def test_the_order_is_convolution_norm_activation_dropout():
    names = [
        name for name, _ in Conv(channels=4, kernel_size=2, norm="batch", dropout=0.1).build((1, 5, 5)).named_children()
    ]
    assert names == ["pad", "conv", "norm", "act", "dropout"]


def test_groups_belong_to_group_norm():
    with pytest.raises(ValidationError, match="groups is a setting of group norm, not of batch norm"):
        NormSettings(kind="batch", groups=4)
