"""Windows that leave positions out, see too little or too much of the image, or meet padding alone."""

from __future__ import annotations

from designs import FLAT, conv, designed, findings, helpful
from sample_networks import model

from cnnlab.lint.check import find_smells, what_helps

STRIDE = "stride-beyond-window"


def test_positions_that_nothing_reads() -> None:
    raw = model({"c": conv(), "d": conv(kernel_size=1, stride=2)})
    left_out = "steps further than it looks: 75% of the positions it is given are read by nothing"
    assert findings(STRIDE, raw) == [f"body.d: {left_out}"]
    assert helpful(raw, STRIDE) == ["model.body.d.kernel_size=2"]
    pool = model({"p": {"block": "max_pool", "kernel_size": [1, 2], "stride": 2}})
    assert findings(STRIDE, pool) == [f"body.p: {left_out.replace('75', '50')}"]
    even = model({"c": conv(kernel_size=2, stride=3)})
    (line,) = findings(STRIDE, even)
    read = {3 * i + tap for i in range(10) for tap in (0, 1)} & set(range(28))
    assert f"{1 - (len(read) / 28) ** 2:.0%}" in line


def test_positions_that_another_path_reads() -> None:
    assert (
        findings(STRIDE, model({"c": conv(), "r": {"block": "residual", "channels": 16, "stride": 2}}, norm="batch"))
        == []
    )
    assert findings(STRIDE, model({"c": conv(), "d": conv(kernel_size=2, stride=2)})) == []
    raw = model(
        {"c": conv(), "b": {"block": "bottleneck", "channels": 16, "stride": 2, "stride_at": "conv1"}}, norm="batch"
    )
    assert len(findings(STRIDE, raw)) == 1
    assert helpful(raw, STRIDE) == ["model.kinds.bottleneck.stride_at=conv2"] or helpful(raw, STRIDE) == []
    both = {"c": conv(), "d": conv(kernel_size=1, stride=2), "e": {**conv(stride=2), "from": "c"}}
    assert findings(STRIDE, model({**both, "f": {**conv(), "from": ["d", "e"]}})) == []


PIXELS = "pixels-that-nothing-reads"


def test_pixels_at_an_edge_that_no_window_reads() -> None:
    raw = model({"c": conv(kernel_size=4, stride=4, padding=(2, 1, 2, 1)), "d": conv()})
    left_out = "its windows end before the edge"
    assert findings(PIXELS, raw, (1, 32, 32)) == [
        f"body.c: {left_out}: {32 * 32 - 30 * 30:,} of 1,024 pixels of the image are read by nothing"
    ]
    assert helpful(raw, PIXELS, (1, 32, 32)) == ["model.body.c.padding=same"]
    assert findings(PIXELS, model({"c": conv(kernel_size=4, stride=4), "d": conv()}), (1, 30, 32)) == []
    deep = model({"c": conv(), "p": {"block": "max_pool", "kernel_size": 4}, "d": conv(kernel_size=1)})
    assert findings(PIXELS, deep, (1, 30, 28)) == [
        f"body.p: {left_out}: 28 of 840 pixels of the image are read by nothing"
    ]
    assert helpful(deep, PIXELS, (1, 30, 28)) == ["model.body.p.ceil_mode=true", "model.body.p.padding=same"]


def test_shortcuts_that_skip_leave_no_pixel_out() -> None:
    raw = model({"c": conv(stride=2), "r": {"block": "residual", "channels": 16, "stride": 2}}, norm="batch")
    assert findings(PIXELS, raw, (1, 32, 32)) == []
    skips = model({"c": conv(kernel_size=1, stride=2)})
    assert findings(PIXELS, skips) == []
    assert len(findings(STRIDE, skips)) == 1, "told once, for what it is"


def test_averages_of_positions_that_see_a_part_of_the_image() -> None:
    smell, raw = "field-smaller-than-image", model({"c": conv(), "d": conv()})
    assert findings(smell, raw, (1, 40, 40)) == ["head.pool: averages positions that see 5×5 of 40×40 pixels (2%)"]
    assert findings(smell, raw, (1, 5, 5)) == []
    assert (
        findings(smell, model({"c": conv(), "d": conv()}, FLAT), (1, 40, 40)) == []
    )  # each position has its own weights
    gated = model({"c": conv(16), "s": {"block": "squeeze_excite"}})
    assert findings(smell, gated, (1, 40, 40)) == []


def test_convolutions_that_see_nothing_new() -> None:
    smell, raw = "field-beyond-image", model({"c": conv(16, kernel_size=5, repeat=5)}, norm="batch")
    told = "1 of 5 convolutions begin where 17×17 pixels are seen of 16×16; they have 24% of the parameters"
    assert findings(smell, raw, (1, 16, 16)) == [f"body.c.4: {told}"]
    assert findings(smell, raw, (1, 17, 17)) == []
    one = model({"c": conv(16, kernel_size=5, repeat=4), "d": conv(64, kernel_size=1)}, norm="batch")
    assert findings(smell, one, (1, 16, 16)) == []  # a 1×1 mixes channels
    short = model({"s": conv(16), "r": {"block": "residual", "channels": 16, "repeat": 9}}, norm="batch")
    assert findings(smell, short, (1, 16, 16)) == []  # all shortcuts together see little


def test_weights_that_meet_padding_alone() -> None:
    smell, raw = "window-beyond-map", model({"p": {"block": "max_pool", "kernel_size": 8}, "c": conv(4)})
    design = designed(raw, (1, 8, 8))
    (finding,) = [one for one in find_smells(design) if one.smell == smell]
    assert finding.figures == {"parameters": 4 * 8, "of": 4 * 9 + 4 + 4 * 10 + 10}
    assert what_helps(design, finding) == ["model.min_size=32"]
    assert findings(smell, raw, (1, 16, 16)) == []
    wide = model({"p": {"block": "max_pool", "kernel_size": [8, 1]}, "c": conv(4, kernel_size=[4, 2])})
    (finding,) = [one for one in find_smells(designed(wide, (1, 8, 8))) if one.smell == smell]
    assert finding.figures["parameters"] == 4 * 3 * 2
