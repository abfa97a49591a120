"""Every number that an explanation works out is the one that the meta pass measured, and its text is its working."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from checked_formulas import IMAGE, check, told
from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sample_networks import blocks

from cnnlab.blocks import KINDS, Conv, Inception, MaxPool
from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.receptive_field import Field
from cnnlab.blocks.trace import trace
from cnnlab.network.read import read_network
from cnnlab.settings import Shape


@given(drawn=blocks(), shape=st.sampled_from([(4, 9, 12), (64, 8, 8), (16, 1, 1), (32,)]), seen=st.sampled_from([1, 3]))
@settings(deadline=None, max_examples=examples(80), suppress_health_check=list(HealthCheck))
def test_every_number_of_any_block_is_worked_out(drawn: dict[str, Any], shape: Shape, seen: int) -> None:
    raw = {"body": {"a": drawn}, "head": {"fc": {"block": "linear", "features": "classes"}}}
    found, _ = read_network(raw, 10)
    assume(found is not None)
    part = found.body[0].copies[0]  # type: ignore[union-attr]
    try:
        part.shape(shape)
    except Misfit:
        assume(False)
    for working in check(part, shape, Field((5, 7), (seen, 2.0))):
        if working.step.operation != "transposed_convolution":  # has no formulas yet, and is said to be measured
            assert not [told(line) for line in working.lines if line.measured]


@pytest.mark.parametrize("factor", [2, 3, [1, 2]])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_what_upsampling_makes_and_sees_is_worked_out(mode: str, factor: Any) -> None:
    part = KINDS["upsample"](factor=factor, mode=mode)
    for working in check(part, (4, 9, 12), Field((5, 7), (1, 2.0))):
        assert not [told(line) for line in working.lines if line.measured]


def all_told(part: Block, shape: Shape, seen: Field = IMAGE) -> list[str]:
    return [told(line) for working in check(part, shape, seen) for line in working.lines]


def test_lenets_first_layer_is_worked_out_as_on_paper() -> None:
    assert all_told(Conv(channels=6, kernel_size=5), (1, 28, 28)) == [
        "rows, columns: ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28",
        "parameters: 5·5·1·6 + 6 = 156",
        "MACs: 5·5·1·6·28·28 = 117,600",
        "sees: 1 + (5 − 1)·1 = 5",
    ]


def test_an_even_kernel_has_its_odd_row_on_top() -> None:
    assert all_told(Conv(channels=8, kernel_size=4), (3, 32, 32))[:2] == [
        "rows, columns: ⌊(32 + 2 + 1 − 4)/1⌋ + 1 = 32",
        "parameters: 4·4·3·8 + 8 = 392",
    ]
    assert all_told(MaxPool(kernel_size=2, stride=1, padding="same"), (8, 9, 9)) == [
        "rows, columns: ⌊(9 + 1 + 0 − 2)/1⌋ + 1 = 9",
        "sees: 1 + (2 − 1)·1 = 2",
    ]


def test_a_stride_of_a_pair_is_worked_out_for_rows_and_columns() -> None:
    assert all_told(Conv(channels=1, kernel_size=(3, 5), padding=(0, 1), stride=(3, 2), bias=False), (1, 8, 8)) == [
        "rows: ⌊(8 − 3)/3⌋ + 1 = 2",
        "columns: ⌊(8 + 2·1 − 5)/2⌋ + 1 = 3",
        "parameters: 3·5·1·1 = 15",
        "MACs: 3·5·1·1·2·3 = 90",
        "sees rows: 1 + (3 − 1)·1 = 3",
        "sees columns: 1 + (5 − 1)·1 = 5",
        "apart rows: 1·3 = 3",
        "apart columns: 1·2 = 2",
    ]


def test_sizes_are_rounded_up_unless_the_last_window_begins_behind_the_image() -> None:
    pool = MaxPool(kernel_size=3, stride=2, ceil_mode=True)
    assert all_told(pool, (1, 6, 7))[:2] == ["rows: ⌈(6 − 3)/2⌉ + 1 = 3", "columns: ⌈(7 − 3)/2⌉ + 1 = 3"]
    pool = MaxPool(kernel_size=2, stride=3, padding=1, ceil_mode=True)
    assert all_told(pool, (1, 5, 5))[0] == "rows, columns: ⌈(5 + 2·1 − 2)/3⌉ + 1 − 1 = 2"


def test_dilation_widens_the_window_and_groups_share_the_channels() -> None:
    conv = Conv(channels=16, groups=4, dilation=2, norm="batch")
    assert all_told(conv, (8, 20, 20), Field((7, 7), (4, 4))) == [
        "rows, columns: ⌊(20 + 2·2 − (2·(3 − 1) + 1))/1⌋ + 1 = 20",
        "parameters: 3·3·(8/4)·16 = 288",
        "MACs: 3·3·(8/4)·16·20·20 = 115,200",
        "sees: 7 + 2·(3 − 1)·4 = 23",
        "parameters: 2·16 = 32",
    ]


def test_branches_meet_in_a_sum_of_channels_and_the_largest_field() -> None:
    block = Inception(b1=64, b3=(96, 128), b5=(16, 32), pool=32)
    assert all_told(block, (192, 28, 28), Field((27, 27), (8, 8)))[-2:] == [
        "channels: 64 + 128 + 32 + 32 = 256",
        "sees: max(27, 43, 59, 43) = 59",
    ]


FOREIGN = """
import torch
from torch import nn
from torch.nn import functional as F
from cnnlab.blocks import Block

class Odd(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(channels, 6, 3, stride=2)
        self.weight = nn.Parameter(torch.zeros(4, 6, 3, 3))
        self.gain = nn.Parameter(torch.ones(4, 1, 1))
        self.spare = nn.Parameter(torch.ones(5))

    def forward(self, x):
        x = F.conv2d(F.pad(self.up(x), (1, 1, 1, 1)), self.weight) * self.gain
        return x.transpose(2, 3) + F.interpolate(x, size=x.shape[-1], mode="nearest").mean((2, 3), keepdim=True)

class Foreign(Block):
    def build(self, shape):
        return Odd(shape[0])

class Twice(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.read = nn.LSTM(channels, channels)

    def forward(self, x):
        x = self.conv(input=self.conv(x))
        rows, _ = self.read(x.mean(3).transpose(1, 2))
        return rows.flatten(1)

class Shared(Block):
    def build(self, shape):
        return Twice(shape[0])
"""


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "odd_one.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_one", raising=False)
    return importlib.import_module("odd_one")


def test_what_a_plugin_computes_is_worked_out_or_said_to_be_measured(foreign: ModuleType) -> None:
    found = foreign.Foreign()
    lines = [
        (working.step.name, told(line), line.measured) for working in check(found, (3, 8, 8)) for line in working.lines
    ]
    assert ("ConvTranspose2d", "rows: 17", True) in lines
    assert ("ConvTranspose2d", "parameters: 3·6·3·3 + 6 = 168", False) in lines
    assert ("convolution", "rows, columns: ⌊(17 + 2·1 − 3)/1⌋ + 1 = 17", False) in lines
    assert ("convolution", "parameters: 3·3·6·4 = 216", False) in lines
    assert ("mul", "parameters: 4·1·1 = 4", False) in lines
    assert trace(found, (3, 8, 8)).idle == ((5,),)


def test_weights_that_are_used_twice_are_counted_once(foreign: ModuleType) -> None:
    first, second, *_ = check(foreign.Shared(), (4, 8, 8))
    assert "parameters: 3·3·4·4 + 4 = 148" in map(told, first.lines)
    assert "rows, columns: ⌊(8 + 2·1 − 3)/1⌋ + 1 = 8" in map(told, second.lines)
    assert not [line for line in second.lines if line.what == "parameters"]
    assert "sees: 3 + (3 − 1)·1 = 5" in map(told, second.lines)
