"""Larger maps, against torch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from cnnlab.blocks import ConvTranspose, Upsample
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.trace import trace

X = torch.randn(2, 6, 5, 4)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsampling_is_torchs(mode):
    net = Upsample(factor=(2, 3), mode=mode).build((6, 5, 4))
    torch.testing.assert_close(net(X), F.interpolate(X, scale_factor=(2, 3), mode=mode))
    assert trace(Upsample(mode="nearest"), (6, 5, 4)).field.step == (0.5, 0.5)
    assert trace(Upsample(mode="bilinear"), (6, 5, 4)).field.size == (2, 2)


def test_a_trace_is_the_same_in_a_process_that_trains_deterministically():
    torch.use_deterministic_algorithms(True)
    try:
        assert trace(Upsample(mode="bilinear"), (6, 7, 4)).field.size == (2, 2)
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))


@given(k=pairs, s=pairs, d=st.tuples(st.integers(1, 2), st.integers(1, 2)))
@settings(deadline=None, max_examples=40)
def test_under_same_there_are_stride_times_as_many_rows_and_columns(k, s, d):
    block = ConvTranspose(channels=3, kernel_size=k, stride=s, dilation=d)
    if any(span > step and (span - step) % 2 and step <= e == 1 for span, step, e in zip(k, s, d, strict=True)):
        with pytest.raises(Misfit, match="write the padding as a number"):
            block.shape((6, 5, 4))
        return
    assert block.shape((6, 5, 4)) == (3, 5 * s[0], 4 * s[1]) == tuple(block.build((6, 5, 4))(X).shape[1:])


def test_a_transposed_convolution_is_torchs():
    block = ConvTranspose(channels=4, kernel_size=3, stride=2, padding=1, groups=2, act="none")
    net = block.build((6, 5, 4))
    ours = F.conv_transpose2d(X, net.conv.weight, net.conv.bias, stride=2, padding=1, groups=2)
    torch.testing.assert_close(net(X), ours)
    assert block.shape((6, 5, 4)) == (4, 9, 7)
    with pytest.raises(Misfit, match="padding cuts off all of 1×1"):
        ConvTranspose(channels=1, padding=3).shape((1, 1, 1))
    with pytest.raises(ValueError, match=r"should be same, a whole number or a pair \(rows, columns\), not 'valid'"):
        ConvTranspose(channels=1, padding="valid")
