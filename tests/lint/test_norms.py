"""Norms of few numbers, biases that they subtract, and dropout before them."""

from __future__ import annotations

from typing import Any

import pytest
from designs import FLAT, conv, findings, helpful
from sample_networks import HEAD, model

FEW = "few-numbers-to-norm"


def test_batch_norm_of_one_image_and_of_few_numbers() -> None:
    raw = model({"c": conv(norm="batch")})
    assert findings(FEW, raw, (1, 28, 28), 1) == [
        "body.c: batch norm over 784 numbers a channel: one image, maps of 28×28"
    ]
    assert helpful(raw, FEW, (1, 28, 28), 1) == ["data.batch_size=32"]
    assert findings(FEW, raw, (1, 28, 28), 2) == []
    two = model({"c": conv(norm="batch"), "d": conv(stride=2, norm="batch")})
    told = "batch norm over 196 numbers a channel at the fewest: one image, maps of 14×14"
    assert findings(FEW, two, (1, 28, 28), 1) == [f"body.c, body.d: {told}"]
    assert findings(FEW, raw, (1, 3, 3), 3) == ["body.c: batch norm over 27 numbers a channel: 3 images, maps of 3×3"]


def test_batch_norm_on_a_map_of_one_position() -> None:
    raw = model({"c": conv(padding="valid"), "d": conv(64, kernel_size=1)}, norm="batch")
    assert findings(FEW, raw, (1, 3, 3)) == [
        "body.c, body.d: batch norm over 128 numbers a channel: 128 images, maps of 1×1"
    ]
    assert helpful(raw, FEW, (1, 3, 3)) == ["model.norm=layer"]  # 8 channels make no 32 groups
    assert findings(FEW, raw, (1, 4, 4)) == []


def test_a_norm_after_a_linear_layer_needs_a_batch() -> None:
    head = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": 16}, "out": HEAD["fc"]}
    raw = model({"c": conv()}, head, head_norm="batch")
    assert findings(FEW, raw) == []
    assert findings(FEW, raw, (1, 28, 28), 8) == [
        "head.fc: batch norm over 8 numbers a channel: 8 images, one a channel"
    ]


def test_norms_of_one_image_over_few_numbers() -> None:
    raw = model({"c": conv(norm={"kind": "group", "groups": 4}), "d": conv(norm="instance"), "e": conv(norm="layer")})
    assert findings(FEW, raw, (1, 2, 2), 1) == ["body.d: instance norm over 4 numbers a channel: maps of 2×2"]
    assert findings(FEW, raw, (1, 3, 3), 1) == []
    small = model({"c": conv(norm={"kind": "group", "groups": 8})})
    assert findings(FEW, small, (1, 2, 2)) == ["body.c: group norm over 4 numbers a group: 1 channel, maps of 2×2"]


BIAS = "bias-before-norm"


def test_a_bias_that_a_norm_subtracts() -> None:
    raw = model({"c": conv(), "d": conv(16)}, norm="batch", bias=True)
    assert findings(BIAS, raw) == ["body.c, body.d: 24 biases that the norm behind them subtracts again"]
    assert helpful(raw, BIAS) == ["model.bias=auto"]


@pytest.mark.parametrize(
    "settings",
    [
        {"norm": "batch"},
        {"norm": "layer", "bias": True},
        {"norm": {"kind": "group", "groups": 2}, "bias": True},
        {"norm": "batch", "bias": True, "order": "conv_act_norm"},
        {"norm": "none", "bias": True},
    ],
)
def test_a_bias_that_does_something(settings: dict[str, Any]) -> None:
    assert findings(BIAS, model({"c": conv(**settings)})) == []


def test_a_bias_that_the_norm_of_the_next_block_subtracts() -> None:
    raw = model({"c": conv(act="none"), "n": {"block": "norm"}, "a": {"block": "act"}})
    assert findings(BIAS, raw) == ["body.c: 8 biases that the norm behind them subtracts again"]
    beside = {"c": conv(act="none"), "n": {"block": "norm"}, "s": {**conv(), "from": ["c", "n"]}}
    assert findings(BIAS, model(beside)) == []  # something else sees the bias


def test_dropout_before_batch_norm() -> None:
    smell = "dropout-before-batch-norm"
    raw = model({"c": conv(), "x": {"block": "dropout", "p": 0.5}, "d": conv(), "e": conv(norm="batch")})
    told = "drops 50% before the batch norm of body.e, which sees 2 times the mean square in training"
    assert findings(smell, raw) == [f"body.x: {told}"]
    assert len(findings(smell, model({"c": conv(dropout=0.1), "d": conv()}, norm="batch"))) == 1
    assert findings(smell, model({"c": conv(), "x": {"block": "dropout"}, "d": conv(norm="layer")})) == []
    assert findings(smell, model({"c": conv(norm="batch")}, {"x": {"block": "dropout"}, **FLAT})) == []
    residual = {"block": "residual", "channels": 8, "repeat": 2, "stochastic_depth": 0.5}
    assert findings(smell, model({"c": conv(), "r": residual}, norm="batch")) == []
