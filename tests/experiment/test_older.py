"""What networks of older versions' records computed."""

from __future__ import annotations

import pytest
import torch
from sample_networks import CONV, model, network
from torch.nn import functional as F

from cnnlab.errors import UserError
from cnnlab.experiment.older import as_of_0_2, is_of_0_2
from cnnlab.network.build import build


def test_windows_that_tile_now_are_padded_as_they_were() -> None:
    patch = {"block": "conv", "channels": 4, "kernel_size": 4, "stride": 4, "act": "none"}
    inner = {"block": "skip", "body": {"p": patch}, "shortcut": "none"}
    now = network(model({"s": inner, "d": CONV}))
    net = build(as_of_0_2(now, "a.ckpt"), (1, 32, 28))
    x = torch.rand(2, 1, 32, 28)
    layer = net.body.s[0].body.p[0].conv  # type: ignore[union-attr, index]
    padded = F.conv2d(F.pad(x, (2, 1, 2, 1)), layer.weight, layer.bias, stride=4)  # type: ignore[arg-type]
    torch.testing.assert_close(net.body.s(x), padded)  # type: ignore[operator]
    plain = network(model({"c": CONV}))
    assert as_of_0_2(plain, "a.ckpt") == plain


def test_what_has_no_setting_for_it_is_refused_by_name() -> None:
    net = network(model({"r": {"block": "residual", "channels": 4, "kernel_size": 2, "stride": 2}}))
    with pytest.raises(UserError, match=r"a\.ckpt: its residual blocks have windows no larger than their step"):
        as_of_0_2(net, "a.ckpt")


def test_records_of_0_2_had_no_loss_group() -> None:
    assert is_of_0_2({"label_smoothing": 0.1, "model": {}})
    assert not is_of_0_2({"loss": {"kind": "cross_entropy"}, "model": {}})


def test_groups_of_a_bottleneck_multiplied_its_inner_width() -> None:
    now = network(model({"b": {"block": "bottleneck", "channels": 32, "groups": 4}}))
    assert now.body[0].copies[0].inner == 8  # type: ignore[attr-defined]
    assert as_of_0_2(now, "a.ckpt").body[0].copies[0].inner == 32  # type: ignore[attr-defined]
