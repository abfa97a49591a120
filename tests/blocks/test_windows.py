"""Sizes, paddings and strides of windows, against the source notes' examples (O1-O7) and torch with explicit pads."""

import pytest
import torch
from examples import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from cnnlab.blocks import AvgPool, BlurPool, Conv, DepthwiseConv, MaxPool, Residual, Vgg
from cnnlab.blocks.modules import Conv2d, met
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.window import pads, tiles

PLAIN = {"act": "none", "bias": False}


def conv(x, weight, **said):
    """A convolution of one image with given weights (out, in, rows, columns)."""
    weight = torch.tensor(weight, dtype=torch.float)
    block = Conv(**{**PLAIN, "channels": weight.shape[0], "kernel_size": tuple(weight.shape[2:]), **said})
    net = block.build(tuple(x.shape))
    net.conv.weight.data = weight
    return net(x[None])[0].detach()


def numbers(*shape):
    return torch.arange(float(torch.tensor(shape).prod())).reshape(shape)


def test_the_books_cross_correlation():
    assert conv(numbers(1, 3, 3), [[[[0, 1], [2, 3]]]], padding="valid").tolist() == [[[19, 25], [37, 43]]]


def test_the_books_edge_detector_sees_columns_and_not_rows():
    x = torch.ones(1, 6, 8)
    x[:, :, 2:6] = 0
    assert conv(x, [[[[1, -1]]]], padding="valid").tolist() == [[[0, 1, 0, 0, 0, -1, 0]] * 6]
    assert not conv(x.mT, [[[[1, -1]]]], padding="valid").any()


def test_the_books_several_channels_in_and_out():
    x = torch.stack([numbers(3, 3), numbers(3, 3) + 1])
    k = torch.tensor([[[0, 1], [2, 3]], [[1, 2], [3, 4]]])
    one = conv(x, k[None].tolist(), padding="valid")
    three = conv(x, torch.stack([k, k + 1, k + 2]).tolist(), padding="valid")
    assert one.tolist() == [[[56, 72], [104, 120]]]
    assert three.tolist() == [[[56, 72], [104, 120]], [[76, 100], [148, 172]], [[96, 128], [192, 224]]]


def test_a_1x1_convolution_is_a_product_over_channels():
    x, weight = torch.randn(3, 4, 5), torch.randn(2, 3, 1, 1)
    product = (weight[:, :, 0, 0] @ x.reshape(3, -1)).reshape(2, 4, 5)
    torch.testing.assert_close(conv(x, weight.tolist()), product)


@pytest.mark.parametrize(
    ("said", "shape"),
    [
        ({"kernel_size": 3, "padding": 1}, (8, 8)),
        ({"kernel_size": (5, 3), "padding": (2, 1)}, (8, 8)),
        ({"kernel_size": 3, "padding": 1, "stride": 2}, (4, 4)),
        ({"kernel_size": (3, 5), "padding": (0, 1), "stride": (3, 4)}, (2, 2)),
        ({"kernel_size": 2, "padding": 1}, (9, 9)),
        ({"kernel_size": 2}, (8, 8)),
        ({"kernel_size": 4, "stride": 2}, (4, 4)),
        ({"kernel_size": 3, "stride": (3, 2)}, (3, 4)),
        ({"kernel_size": 3, "padding": "valid"}, (6, 6)),
        ({"kernel_size": 3, "padding": (0, 1, 2, 3)}, (7, 11)),
        ({"kernel_size": 3, "dilation": 2}, (8, 8)),
        ({"kernel_size": 3, "dilation": 2, "padding": "valid"}, (4, 4)),
    ],
    ids=str,
)
def test_the_size_of_a_convolution_over_8x8(said, shape):
    assert Conv(channels=3, **said).shape((2, 8, 8)) == (3, *shape)


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
def test_an_even_kernel_gets_its_odd_row_on_top_and_at_the_left_unlike_torchs():
    x, weight = torch.zeros(1, 4, 4), torch.ones(1, 1, 2, 2)
    x[0, 0, 0] = 1
    ours = conv(x, weight.tolist())
    torch.testing.assert_close(ours, F.conv2d(F.pad(x, (1, 0, 1, 0)), weight))
    assert ours[0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert F.conv2d(x, weight, padding="same")[0].nonzero().tolist() == [[0, 0]]


def test_four_numbers_are_top_bottom_left_right():
    assert pads((1, 2, 3, 4), (3, 3), (1, 1), (1, 1), (5, 5)) == (1, 2, 3, 4)
    x, weight = torch.randn(1, 5, 5), torch.randn(1, 1, 3, 3)
    ours = conv(x, weight.tolist(), padding=(1, 2, 3, 4))
    torch.testing.assert_close(ours, F.conv2d(F.pad(x, (3, 4, 1, 2)), weight))


@given(k=st.integers(1, 7), s=st.integers(1, 4), n=st.integers(1, 30), d=st.integers(1, 3))
@settings(deadline=None, max_examples=examples(60))
def test_under_same_the_size_is_the_image_over_the_stride_rounded_up(k, s, n, d):
    top, bottom, left, right = pads("same", (k, 1), (d, 1), (s, 1), (n, 3))
    assert (left, right) == (0, 0)
    if d * (k - 1) < s:
        assert (top, bottom) == (0, max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n))
    else:
        assert (top + bottom, top - bottom) == (d * (k - 1), d * (k - 1) % 2)
    assert Conv(channels=1, kernel_size=(k, 1), stride=(s, 1), dilation=d).shape((1, n, 3)) == (1, -(-n // s), 3)


@pytest.mark.parametrize(
    ("kind", "kernel_size", "stride"),
    [
        (Conv, 4, 4),
        (Conv, 2, 2),
        (Conv, 2, 3),
        (DepthwiseConv, 3, 3),
        (MaxPool, 3, 3),
        (AvgPool, 2, 2),
        (BlurPool, 2, 2),
    ],
)
def test_windows_no_larger_than_their_step_tile_from_the_first_pixel_and_read_all(kind, kernel_size, stride):
    said = {} if kind is BlurPool else {"padding": "same"}
    said |= {"channels": 1} if kind is Conv else {}
    said |= PLAIN if kind in (Conv, DepthwiseConv) else {}
    for size in (12, 13, 14, 15, 3):
        block = kind(kernel_size=kernel_size, stride=stride, **said)
        net, x = block.build((1, size, size)), torch.rand(1, 1, size, size, requires_grad=True)
        if hasattr(net, "conv"):
            net.conv.weight.data.fill_(1)
        if kind is BlurPool:
            net.reset_parameters()
        outs = net(x)
        assert tuple(outs.shape[1:]) == (1, -(-size // stride), -(-size // stride)) == block.shape((1, size, size))
        read = {tuple(at[2:].tolist()) for at in torch.autograd.grad(outs[0, 0, 0, 0], x)[0].nonzero()}
        assert read <= {(row, column) for row in range(kernel_size) for column in range(kernel_size)}, (
            "the first pixels"
        )
        if kernel_size == stride and kind is not MaxPool:
            assert torch.autograd.grad(net(x).sum(), x)[0].bool().all(), "every pixel"


def test_a_patch_stem_is_torchs_without_padding_where_the_image_comes_out_even():
    x, weight = torch.randn(2, 32, 24), torch.randn(3, 2, 4, 4)
    torch.testing.assert_close(conv(x, weight.tolist(), stride=4), F.conv2d(x, weight, stride=4))
    x = torch.randn(2, 30, 25)
    ours = conv(x, weight.tolist(), stride=4)
    torch.testing.assert_close(ours, F.conv2d(F.pad(x, (0, 3, 0, 2)), weight, stride=4))
    mean = AvgPool(kernel_size=3, padding="same", count_include_pad=False).build((2, 30, 25))
    torch.testing.assert_close(mean(x), F.avg_pool2d(x, 3, ceil_mode=True, count_include_pad=False))


def test_what_tiles_is_another_network_than_its_words_made_before():
    assert tiles(Conv(channels=1, kernel_size=4, stride=4))
    assert tiles(AvgPool(padding="same"))
    assert tiles(Residual(channels=4, stride=3))
    for other in (
        Conv(channels=1, kernel_size=4, stride=4, padding="valid"),
        Conv(channels=1, kernel_size=1, stride=2),
        Conv(channels=1, kernel_size=2, stride=2, dilation=2),
        MaxPool(),
        Vgg(channels=4),
    ):
        assert not tiles(other)


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
sides = st.sampled_from(["same", "valid"]) | st.tuples(*[st.integers(0, 3)] * 4) | st.integers(0, 2)


@given(k=pairs, s=pairs, d=pairs, padding=sides, size=st.tuples(st.integers(1, 10), st.integers(1, 10)))
@settings(deadline=None, max_examples=examples(100))
def test_a_convolution_is_torchs_over_an_image_with_explicit_pads(k, s, d, padding, size):
    x, weight = torch.randn(2, *size), torch.randn(3, 2, *k)
    block = Conv(channels=3, kernel_size=k, stride=s, dilation=d, padding=padding)
    top, bottom, left, right = pads(block.padding, k, d, s, size)
    spans = [d[i] * (k[i] - 1) + 1 for i in range(2)]
    if size[0] + top + bottom < spans[0] or size[1] + left + right < spans[1]:
        with pytest.raises(Misfit, match="the feature map vanishes"):
            block.shape((2, *size))
        return
    theirs = F.conv2d(F.pad(x, (left, right, top, bottom)), weight, stride=s, dilation=d)
    torch.testing.assert_close(conv(x, weight.tolist(), stride=s, dilation=d, padding=padding), theirs)
    assert block.out_size(*size) == theirs.shape[1:]
    # the course's formula, where p is the total of both sides
    if d == (1, 1):
        n, p = size, (top + bottom, left + right)
        assert block.out_size(*size) == tuple((n[i] - k[i] + p[i] + s[i]) // s[i] for i in range(2))


@given(k=pairs, s=pairs, d=pairs, p=st.tuples(*[st.integers(0, 4)] * 2), size=st.tuples(*[st.integers(1, 6)] * 2))
@settings(deadline=None, max_examples=examples(200))
def test_weights_that_meet_only_padding_are_left_out_and_nothing_else_changes(k, s, d, p, size):
    assume(all(n + 2 * q >= e * (w - 1) + 1 for n, q, e, w in zip(size, p, d, k, strict=True)))
    ours = Conv2d(2, 4, k, s, p, d, groups=2).double()
    x, grad = torch.randn(3, 2, *size, dtype=torch.double), None
    found = []
    for forward in (Conv2d.forward, torch.nn.Conv2d.forward):
        ours.zero_grad()
        x = x.detach().requires_grad_()
        y = forward(ours, x)
        grad = torch.randn_like(y) if grad is None else grad
        y.backward(grad)
        found.append((y, x.grad, ours.weight.grad, ours.bias.grad))
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("size", "taps"), [(1, 1), (2, 9)])
def test_a_block_computes_only_with_weights_that_meet_something(size, taps):
    net = Conv(channels=8, bias=False).build((4, size, size))
    with FlopCounterMode(display=False) as counter:
        net(torch.ones(1, 4, size, size))
    assert counter.get_total_flops() == 2 * 8 * 4 * taps * size**2


def test_a_network_that_is_exported_holds_for_images_of_any_size():
    net = Conv(channels=8).build((4, 1, 1))
    sizes = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    exported = torch.export.export(net, (torch.randn(2, 4, 5, 5),), dynamic_shapes=(sizes,)).module()
    for size in (3, 6):
        x = torch.randn(2, 4, size, size)
        assert torch.allclose(exported(x), net(x), atol=1e-6)


def test_which_weights_meet_only_padding():
    assert met(1, 3, 1, 1, 1) == (1, 2, 0)  # the middle one of a 1×1 map
    assert met(2, 3, 2, 1, 1) == (1, 3, 0)
    assert met(2, 5, 1, 2, 1) == (1, 4, 1)
    assert met(2, 3, 1, 1, 1) == met(7, 3, 2, 1, 1) == (0, 3, 1)
    assert met(1, 1, 1, 1, 1) == (0, 1, 1)  # three positions, two of them of padding: they have to be made


def test_the_books_pooling_windows():
    x = numbers(1, 1, 3, 3)
    assert MaxPool(stride=1).build((1, 3, 3))(x).tolist() == [[[[4, 5], [7, 8]]]]
    assert AvgPool(stride=1).build((1, 3, 3))(x).tolist() == [[[[2, 3], [5, 6]]]]
    x = numbers(1, 1, 4, 4)
    assert MaxPool(kernel_size=3).build((1, 4, 4))(x).tolist() == [[[[10]]]]
    assert MaxPool(kernel_size=3, padding=1, stride=2).build((1, 4, 4))(x).tolist() == [[[[5, 7], [13, 15]]]]
    pool = MaxPool(kernel_size=(2, 3), stride=(2, 3), padding=(0, 1))
    assert pool.build((1, 4, 4))(x).tolist() == [[[[5, 7], [13, 15]]]]


@given(k=pairs, s=st.none() | pairs, p=st.tuples(st.integers(0, 2), st.integers(0, 2)), ceil=st.booleans())
@settings(deadline=None, max_examples=examples(80))
def test_pools_are_torchs(k, s, p, ceil):
    assume(2 * p[0] <= k[0] and 2 * p[1] <= k[1])
    x, said = torch.randn(1, 3, 9, 7), {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil}
    pool = MaxPool(**said).build((3, 9, 7))
    assert torch.equal(pool(x), F.max_pool2d(x, k, s, p, ceil_mode=ceil))
    for include in (True, False):
        pool = AvgPool(**said, count_include_pad=include).build((3, 9, 7))
        assert torch.equal(pool(x), F.avg_pool2d(x, k, s, p, ceil_mode=ceil, count_include_pad=include))


@given(k=pairs, s=pairs, p=st.tuples(*[st.integers(0, 2)] * 4), ceil=st.booleans())
@settings(deadline=None, max_examples=examples(80))
def test_padding_never_wins_a_max_pool(k, s, p, ceil):
    try:
        pool = MaxPool(kernel_size=k, stride=s, padding=p, ceil_mode=ceil).build((1, 5, 6))
    except Misfit:
        return
    assert pool(torch.full((1, 1, 5, 6), -7.0)).unique().tolist() == [-7.0]


def test_a_window_in_the_padding_alone_is_refused():
    with pytest.raises(Misfit, match="a window that lies in the padding alone"):
        MaxPool(kernel_size=2, padding=(0, 1, 0, 0), ceil_mode=True).shape((1, 4, 4))
    assert MaxPool(kernel_size=2, padding=(0, 1, 0, 0)).shape((1, 4, 4)) == (1, 2, 2)


def test_lopsided_pools_refuse_what_torch_cannot_say():
    with pytest.raises(Misfit, match="needs the same padding on both sides"):
        AvgPool(padding="same", stride=1, count_include_pad=False).shape((1, 4, 4))
    with pytest.raises(Misfit, match="more than half of kernel_size"):
        MaxPool(padding=2).shape((1, 8, 8))


def test_a_window_larger_than_its_image_says_what_it_needs():
    with pytest.raises(Misfit) as caught:
        Conv(channels=1, kernel_size=(5, 2), padding=(1, 0)).shape((1, 2, 4))
    assert caught.value.message == (
        "the feature map vanishes: conv with kernel_size (5, 2), padding (1, 0) needs at least 3×2, has 2×4"
    )
    assert Conv(channels=1, kernel_size=(5, 2), padding=(1, 0)).shape((1, 3, 2)) == (1, 1, 1)


@given(k=st.integers(1, 5), s=st.integers(1, 5), p=st.integers(0, 2), n=st.integers(1, 7), ceil=st.booleans())
@settings(deadline=None, max_examples=examples(120))
def test_a_pool_takes_the_images_that_torchs_takes(k, s, p, n, ceil):
    assume(2 * p <= k)
    pool = MaxPool(kernel_size=k, stride=s, padding=p, ceil_mode=ceil)
    try:
        theirs = F.max_pool2d(torch.zeros(1, 1, n, n), k, s, p, ceil_mode=ceil).shape[1:]
    except RuntimeError:
        with pytest.raises(Misfit, match="the feature map vanishes"):
            pool.shape((1, n, n))
    else:
        assert pool.shape((1, n, n)) == tuple(theirs)
