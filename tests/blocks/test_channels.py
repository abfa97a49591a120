"""Shares of channels, shuffled and summed up, against torch by hand."""

import pytest
import torch
from torch.nn import functional as F

from cnnlab.blocks import KINDS, ChannelConv, ChannelPool, ChannelSplit, Shuffle
from cnnlab.blocks.part import Misfit

X = torch.randn(2, 6, 5, 4)


def test_a_share_of_the_channels_and_a_range():
    assert torch.equal(ChannelSplit(part=1, of=3).build((6, 5, 4))(X), X.chunk(3, 1)[1])
    assert torch.equal(ChannelSplit(part=0).build((6, 5, 4))(X), X[:, :3])
    assert torch.equal(ChannelSplit(start=4).build((6, 5, 4))(X), X[:, 4:])
    assert torch.equal(ChannelSplit(start=1, stop=3).build((6, 5, 4))(X), X[:, 1:3])


@pytest.mark.parametrize(
    ("settings", "shape", "told"),
    [
        ({"part": 0, "of": 4}, (6, 5, 4), "of (4) must divide channels (6)"),
        ({"start": 6}, (6, 5, 4), "there are no channels from 6 up to 6: 6 are, counted from 0"),
        ({"stop": 7}, (6, 5, 4), "there are no channels from 0 up to 7: 6 are, counted from 0"),
    ],
)
def test_channels_that_are_not_there(settings, shape, told):
    with pytest.raises(Misfit) as caught:
        ChannelSplit(**settings).shape(shape)
    assert caught.value.message == told


@pytest.mark.parametrize("settings", [{}, {"part": 0, "start": 1}, {"of": 2, "stop": 1}, {"part": 2}])
def test_a_split_is_a_share_or_a_range(settings):
    with pytest.raises(ValueError, match=r"takes a share|part should be a number below 2"):
        ChannelSplit(**settings)


def test_a_shuffle_takes_one_of_each_group_in_turn():
    mixed = Shuffle(groups=2).build((6, 5, 4))(X)
    assert torch.equal(mixed, X[:, [0, 3, 1, 4, 2, 5]])
    assert torch.equal(mixed, F.channel_shuffle(X, 2))


def test_means_and_maxima_over_channels():
    assert torch.equal(ChannelPool(reduce="max").build((6, 5, 4))(X), X.max(1, keepdim=True).values)
    torch.testing.assert_close(ChannelPool().build((6, 5, 4))(X), X.mean(1, keepdim=True))


def test_a_convolution_along_channels_is_one_of_a_row():
    net = ChannelConv(kernel_size=3).build((6, 5, 4))
    rows = X.permute(0, 2, 3, 1).reshape(-1, 1, 6)
    by_hand = F.conv1d(rows, net.weight.view(1, 1, 3), padding=1).reshape(2, 5, 4, 6).permute(0, 3, 1, 2)
    torch.testing.assert_close(net(X), by_hand)


@pytest.mark.parametrize(("channels", "size"), [(64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)])
def test_its_size_follows_the_channels_as_in_the_paper(channels, size):
    """timm's EcaModule: t = int(abs(log2(C) + 1) / 2), made odd; 2048 channels see 7."""
    net = ChannelConv().build((channels, 1, 1))
    near = int(abs(torch.log2(torch.tensor(float(channels))).item() + 1) / 2)
    assert net.kernel_size[0] == max(near if near % 2 else near + 1, 3) == size
    with pytest.raises(Misfit, match="should be odd"):
        ChannelConv(kernel_size=4).shape((8, 2, 2))


def test_maps_of_one_channel_or_one_position_weigh_all():
    gate = {"p": ChannelPool(reduce="max")}
    net = KINDS["parallel"](branches={"x": {}, "gate": gate}, merge="mul").build((6, 5, 4))
    torch.testing.assert_close(net(X), X * X.max(1, keepdim=True).values)
    pool = {"p": KINDS["adaptive_avg_pool"](output_size=1)}
    net = KINDS["parallel"](branches={"x": {}, "gate": pool}, merge="mul").build((6, 5, 4))
    torch.testing.assert_close(net(X), X * X.mean((2, 3), keepdim=True))
    with pytest.raises(Misfit, match="branches to mul end at different sizes"):
        KINDS["parallel"](branches={"x": {}, "y": {"s": ChannelSplit(part=0)}}, merge="mul").shape((6, 5, 4))
