"""Each smell is found where it is, and nowhere else: over networks made for it, and over all that are shipped."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from sample_networks import HEAD, model, network, zoo
from tiny_run import SMALL

from cnnlab.lint.check import find_smells, under_override, what_helps
from cnnlab.lint.finding import Design
from cnnlab.lint.signal import _gain, rectified_norms
from cnnlab.lint.smells import SMELLS, name
from cnnlab.network.build import build
from cnnlab.network.graph import graph
from cnnlab.network.spec import Network
from cnnlab.settings import Shape

Run = Callable[..., int]
FLAT = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": "classes"}}


def conv(channels: int = 8, **settings: Any) -> dict[str, Any]:
    return {"block": "conv", "channels": channels, **settings}


def designed(raw: dict[str, Any], shape: Shape = (1, 28, 28), batch_size: int = 128) -> Design:
    def fit(net: Network) -> Shape:
        return (shape[0], *net.image_size((shape[1], shape[2])))

    net = network(raw)
    found = graph(net, fit(net))
    assert not found.faults
    return Design(net, found, raw, batch_size, fit)


def said(smell: str, raw: dict[str, Any], *given: Any) -> list[str]:
    """What is found of one smell."""
    return [finding.line for finding in find_smells(designed(raw, *given)) if finding.smell == smell]


def helps(raw: dict[str, Any], smell: str, *given: Any) -> list[str]:
    design = designed(raw, *given)
    return what_helps(design, next(finding for finding in find_smells(design) if finding.smell == smell))


# -- few-numbers-to-norm

FEW = "few-numbers-to-norm"


def test_batch_norm_of_one_image_and_of_few_numbers() -> None:
    raw = model({"c": conv(norm="batch")})
    assert said(FEW, raw, (1, 28, 28), 1) == ["body.c: batch norm over 784 numbers a channel: one image, maps of 28×28"]
    assert helps(raw, FEW, (1, 28, 28), 1) == ["data.batch_size=32"]
    assert said(FEW, raw, (1, 28, 28), 2) == []
    two = model({"c": conv(norm="batch"), "d": conv(stride=2, norm="batch")})
    told = "batch norm over 196 numbers a channel at the fewest: one image, maps of 14×14"
    assert said(FEW, two, (1, 28, 28), 1) == [f"body.c, body.d: {told}"]
    assert said(FEW, raw, (1, 3, 3), 3) == ["body.c: batch norm over 27 numbers a channel: 3 images, maps of 3×3"]


def test_batch_norm_on_a_map_of_one_position() -> None:
    raw = model({"c": conv(padding="valid"), "d": conv(64, kernel_size=1)}, norm="batch")
    assert said(FEW, raw, (1, 3, 3)) == [
        "body.c, body.d: batch norm over 128 numbers a channel: 128 images, maps of 1×1"
    ]
    assert helps(raw, FEW, (1, 3, 3)) == ["model.norm=layer"]  # 8 channels make no 32 groups
    assert said(FEW, raw, (1, 4, 4)) == []


def test_a_norm_after_a_linear_layer_needs_a_batch() -> None:
    head = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": 16}, "out": HEAD["fc"]}
    raw = model({"c": conv()}, head, head_norm="batch")
    assert said(FEW, raw) == []
    assert said(FEW, raw, (1, 28, 28), 8) == ["head.fc: batch norm over 8 numbers a channel: 8 images, one a channel"]


def test_norms_of_one_image_over_few_numbers() -> None:
    raw = model({"c": conv(norm={"kind": "group", "groups": 4}), "d": conv(norm="instance"), "e": conv(norm="layer")})
    assert said(FEW, raw, (1, 2, 2), 1) == ["body.d: instance norm over 4 numbers a channel: maps of 2×2"]
    assert said(FEW, raw, (1, 3, 3), 1) == []
    small = model({"c": conv(norm={"kind": "group", "groups": 8})})
    assert said(FEW, small, (1, 2, 2)) == ["body.c: group norm over 4 numbers a group: 1 channel, maps of 2×2"]


# -- bias-before-norm

BIAS = "bias-before-norm"


def test_a_bias_that_a_norm_subtracts() -> None:
    raw = model({"c": conv(), "d": conv(16)}, norm="batch", bias=True)
    assert said(BIAS, raw) == ["body.c, body.d: 24 biases that the norm behind them subtracts again"]
    assert helps(raw, BIAS) == ["model.bias=auto"]


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
    assert said(BIAS, model({"c": conv(**settings)})) == []


def test_a_bias_that_the_norm_of_the_next_block_subtracts() -> None:
    raw = model({"c": conv(act="none"), "n": {"block": "norm"}, "a": {"block": "act"}})
    assert said(BIAS, raw) == ["body.c: 8 biases that the norm behind them subtracts again"]
    beside = {"c": conv(act="none"), "n": {"block": "norm"}, "s": {**conv(), "from": ["c", "n"]}}
    assert said(BIAS, model(beside)) == []  # something else sees the bias


# -- stride-beyond-window

STRIDE = "stride-beyond-window"


def test_positions_that_nothing_reads() -> None:
    raw = model({"c": conv(), "d": conv(kernel_size=1, stride=2)})
    left_out = "steps further than it looks: 75% of the positions it is given are read by nothing"
    assert said(STRIDE, raw) == [f"body.d: {left_out}"]
    assert helps(raw, STRIDE) == ["model.body.d.kernel_size=2"]
    pool = model({"p": {"block": "max_pool", "kernel_size": [1, 2], "stride": 2}})
    assert said(STRIDE, pool) == [f"body.p: {left_out.replace('75', '50')}"]
    even = model({"c": conv(kernel_size=2, stride=3)})  # padded, so that 10 rows of 28 are read twice, and 18 once
    (line,) = said(STRIDE, even)
    read = {3 * i - 1 + tap for i in range(10) for tap in (0, 1)} & set(range(28))
    assert f"{1 - (len(read) / 28) ** 2:.0%}" in line


def test_positions_that_another_path_reads() -> None:
    assert (
        said(STRIDE, model({"c": conv(), "r": {"block": "residual", "channels": 16, "stride": 2}}, norm="batch")) == []
    )
    assert said(STRIDE, model({"c": conv(), "d": conv(kernel_size=2, stride=2)})) == []
    raw = model(
        {"c": conv(), "b": {"block": "bottleneck", "channels": 16, "stride": 2, "stride_at": "conv1"}}, norm="batch"
    )
    assert len(said(STRIDE, raw)) == 1
    assert helps(raw, STRIDE) == ["model.kinds.bottleneck.stride_at=conv2"] or helps(raw, STRIDE) == []
    both = {"c": conv(), "d": conv(kernel_size=1, stride=2), "e": {**conv(stride=2), "from": "c"}}
    assert said(STRIDE, model({**both, "f": {**conv(), "from": ["d", "e"]}})) == []


# -- most-parameters-in-one-linear-layer


def test_a_linear_layer_with_most_of_the_parameters() -> None:
    smell = "most-parameters-in-one-linear-layer"
    head = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": 64}, "out": HEAD["fc"]}
    raw = model({"c": conv(16)}, head)
    share = "802,880 of 803,690 parameters (100%)"
    assert said(smell, raw) == [f"head.fc: {share} in one linear layer, which takes 12,544 numbers"]
    wider = model({"c": conv(16), "d": conv(64), "e": conv(64)}, head)
    assert helps(wider, smell) == ["model.head.flat={block: global_avg_pool}"]
    assert said(smell, model({"c": conv(16), "d": conv(64), "e": conv(64)})) == []


# -- the receptive field


def test_averages_of_positions_that_see_a_part_of_the_image() -> None:
    smell, raw = "field-smaller-than-image", model({"c": conv(), "d": conv()})
    assert said(smell, raw, (1, 40, 40)) == ["head.pool: averages positions that see 5×5 of 40×40 pixels (2%)"]
    assert said(smell, raw, (1, 5, 5)) == []
    assert said(smell, model({"c": conv(), "d": conv()}, FLAT), (1, 40, 40)) == []  # each position has its own weights
    gated = model({"c": conv(16), "s": {"block": "squeeze_excite"}})
    assert said(smell, gated, (1, 40, 40)) == []


def test_convolutions_that_see_nothing_new() -> None:
    smell, raw = "field-beyond-image", model({"c": conv(16, kernel_size=5, repeat=5)}, norm="batch")
    told = "1 of 5 convolutions begin where 17×17 pixels are seen of 16×16; they have 24% of the parameters"
    assert said(smell, raw, (1, 16, 16)) == [f"body.c.4: {told}"]
    assert said(smell, raw, (1, 17, 17)) == []
    one = model({"c": conv(16, kernel_size=5, repeat=4), "d": conv(64, kernel_size=1)}, norm="batch")
    assert said(smell, one, (1, 16, 16)) == []  # a 1×1 mixes channels
    short = model({"s": conv(16), "r": {"block": "residual", "channels": 16, "repeat": 9}}, norm="batch")
    assert said(smell, short, (1, 16, 16)) == []  # all shortcuts together see little


def test_weights_that_meet_padding_alone() -> None:
    smell, raw = "window-beyond-map", model({"p": {"block": "max_pool", "kernel_size": 8}, "c": conv(4)})
    design = designed(raw, (1, 8, 8))
    (finding,) = [one for one in find_smells(design) if one.smell == smell]
    assert finding.figures == {"parameters": 4 * 8, "of": 4 * 9 + 4 + 4 * 10 + 10}
    assert what_helps(design, finding) == ["model.min_size=32"]
    assert said(smell, raw, (1, 16, 16)) == []
    wide = model({"p": {"block": "max_pool", "kernel_size": [8, 1]}, "c": conv(4, kernel_size=[4, 2])})
    (finding,) = [one for one in find_smells(designed(wide, (1, 8, 8))) if one.smell == smell]
    assert finding.figures["parameters"] == 4 * 3 * 2


def test_weights_that_are_said_to_meet_padding_alone_have_no_gradient() -> None:
    net = build(network(raw := zoo("resnet18", "model.width=0.125", "model.act=gelu")), (1, 28, 28))
    net(torch.randn(4, 1, 28, 28)).square().sum().backward()
    still = sum(int((p.grad == 0).sum()) for name, p in net.named_parameters() if name.endswith("conv.weight"))
    (finding,) = [one for one in find_smells(designed(raw)) if one.smell == "window-beyond-map"]
    assert still == finding.figures["parameters"]


# -- dropout-before-batch-norm


def test_dropout_before_batch_norm() -> None:
    smell = "dropout-before-batch-norm"
    raw = model({"c": conv(), "x": {"block": "dropout", "p": 0.5}, "d": conv(), "e": conv(norm="batch")})
    told = "drops 50% before the batch norm of body.e, which sees 2 times the mean square in training"
    assert said(smell, raw) == [f"body.x: {told}"]
    assert len(said(smell, model({"c": conv(dropout=0.1), "d": conv()}, norm="batch"))) == 1
    assert said(smell, model({"c": conv(), "x": {"block": "dropout"}, "d": conv(norm="layer")})) == []
    assert said(smell, model({"c": conv(norm="batch")}, {"x": {"block": "dropout"}, **FLAT})) == []
    residual = {"block": "residual", "channels": 8, "repeat": 2, "stochastic_depth": 0.5}
    assert said(smell, model({"c": conv(), "r": residual}, norm="batch")) == []


# -- signal-lost-on-the-way

LOST = "signal-lost-on-the-way"


def test_a_signal_that_is_lost() -> None:
    deep = {"c": conv(16, repeat=12)}
    (line,) = said(LOST, model(deep, init="default"))
    assert line == (
        "head.fc: 13 layers without norm or shortcut, which start and are activated so that 1e-05 of the signal, "
        "or of its gradient, is left"
    )
    assert helps(model(deep, init="default"), LOST) == ["model.init=auto", "model.norm=batch"]
    assert len(said(LOST, model({"c": conv(16, repeat=5)}, act="sigmoid"))) == 1


def test_a_signal_that_is_not_lost() -> None:
    deep = {"c": conv(16, repeat=12)}
    shortcuts = {"c": conv(16), "r": {"block": "residual", "channels": 16, "repeat": 9}}
    assert said(LOST, model(deep)) == []
    assert said(LOST, model(deep, init="default", norm="batch")) == []
    assert said(LOST, model(deep, init="kaiming_normal")) == []
    assert said(LOST, model({"c": conv(16, repeat=4)}, init="default")) == []
    assert said(LOST, model(shortcuts, init="default")) == []


@pytest.mark.parametrize("init", ["default", "xavier_uniform", "kaiming_normal", "orthogonal"])
def test_the_signal_that_is_said_to_be_left_is_left(init: str) -> None:
    raw = model({"c": conv(256, kernel_size=1, repeat=6, bias=False)}, init=init)
    body = [node for node in designed(raw, (256, 4, 4)).steps.nodes if node.row.startswith("body")]
    expected = math.prod(_gain(node.step) for node in body if node.step.operation == "convolution") ** 0.5
    x = torch.randn(64, 256, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        left = build(network(raw), (256, 4, 4)).body(x)
    # after the last ReLU half of the square is left of what its convolution made; the first sees no ReLU before it
    assert float(left.square().mean().sqrt()) == pytest.approx(expected, rel=0.25)


# -- gradient-grows-on-the-way

GROWS = "gradient-grows-on-the-way"
PLAIN = {"block": "residual", "channels": 8, "shortcut": "none", "repeat": 15}


def test_a_gradient_that_grows() -> None:
    raw = model({"c": conv(repeat=30)}, norm="batch")
    (line,) = said(GROWS, raw)
    assert line == (
        "body.c.29: 30 norms with a ReLU in a row: before training, a gradient grows about 3e+02 times along them"
    )
    assert helps(raw, GROWS) == ["model.init=looks_linear"]
    both = ["model.init=looks_linear", "model.kinds.residual.shortcut=auto"]
    assert (
        helps(model({"r": {**PLAIN, "shortcut": None}}, norm="batch", kinds={"residual": {"shortcut": "none"}}), GROWS)
        == both
    )


ORDERS = ["conv_norm_act", "norm_act_conv", "conv_act_norm"]


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_gradient_grows_in_any_order(order: str, norm: str) -> None:
    assert said(GROWS, model({"c": conv(repeat=30, order=order)}, norm=norm))
    assert said(GROWS, model({"c": conv(repeat=20, order=order)}, norm=norm)) == []
    assert said(GROWS, model({"c": conv(repeat=30, order=order)}, norm=norm, init="looks_linear")) == []


def test_a_gradient_that_does_not_grow() -> None:
    deep = {"c": conv(repeat=30)}
    assert said(GROWS, model(deep)) == []
    assert said(GROWS, model(deep, norm="batch", act="tanh")) == []
    assert said(GROWS, model({"r": PLAIN}, norm="batch"))
    assert said(GROWS, model({"r": PLAIN | {"shortcut": "auto", "repeat": 30}}, norm="batch")) == []
    beside = {"block": "parallel", "branches": {"a": {"c": conv(4, repeat=20)}, "b": {"c": conv(4)}}}
    assert said(GROWS, model({"p": beside, "q": beside}, norm="batch")) == []


def test_pairs_that_cannot_be_made_help_nothing() -> None:
    assert said(GROWS, model({"c": conv(9, repeat=30)}, norm="batch", init="looks_linear"))
    assert helps(model({"c": conv(9, repeat=30)}, norm="batch"), GROWS) == []


def test_the_gradient_grows_as_is_said() -> None:
    raw = model({"c": conv(256, kernel_size=1, repeat=25)}, norm="batch", init="kaiming_normal")
    net = build(network(raw), (256, 4, 4))
    x = torch.randn(64, 256, 4, 4, generator=torch.Generator().manual_seed(0))
    net(x).square().sum().backward()
    sizes = [weight.grad.norm() for name, weight in net.named_parameters() if name.endswith("conv.weight")]  # type: ignore[union-attr]
    row = rectified_norms(designed(raw, (256, 4, 4)).steps)
    assert row.count == 25
    assert 0.4 < float(sizes[0] / sizes[-1]) / row.growth < 2.5


# -- names-in-alphabetical-order


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("c1", "c2", "p1", "p2"), True),
        (("c1", "c10", "c2"), True),
        (("dense1", "dense2", "trans1"), True),
        (("c1", "p1", "c2", "p2"), False),
        (("stage1", "stage2", "stage3"), False),
        (("a", "b", "c", "d"), False),
        (("c1", "p1"), False),
        (("b5", "b3", "b1"), False),
    ],
)
def test_names_that_a_tool_has_sorted(names: tuple[str, ...], told: bool) -> None:
    smell, blocks = "names-in-alphabetical-order", {name: conv() for name in names}
    assert said(smell, model(blocks)) == ([f"body: its blocks stand in alphabetical order: {', '.join(names)}"] * told)
    blocks[names[0]] |= {"after": names[-1]}
    assert said(smell, model(blocks)) == []


# -- output-is-changed

OUTPUT = "output-is-changed"


def test_an_output_that_is_written_as_a_number_and_is_not_the_last_block() -> None:
    flat, out = FLAT["flat"], {"block": "linear", "features": 10}
    assert said(OUTPUT, model({"c": conv()}, {"flat": flat, "out": out})) == []
    raw = model({"c": conv()}, {"flat": flat, "out": out, "x": {"block": "dropout", "p": 0.1}})
    assert said(OUTPUT, raw) == [
        "head.x: Dropout changes the logits",
        "head.out: ReLU changes the logits: none can be below 0, and where it is 0 for every image it stays so",
    ]
    design = designed(raw)
    assert what_helps(design, [one for one in find_smells(design) if one.smell == OUTPUT][1]) == [
        "model.head.out.act=none"
    ]
    raw["head"]["out"]["features"] = "classes"
    assert said(OUTPUT, raw) == ["head.x: Dropout changes the logits"]


def test_an_activation_that_bounds_the_loss() -> None:
    raw = model({"c": conv()}, {"pool": HEAD["pool"], "fc": {**HEAD["fc"], "act": "sigmoid"}})
    bound = math.log(1 + 9 * math.exp(-1))
    assert said(OUTPUT, raw) == [
        f"head.fc: Sigmoid changes the logits: all lie between 0 and 1, the loss cannot fall below {bound:.2f}"
    ]


def test_an_auxiliary_heads_output_is_one_too() -> None:
    head = {"pool": HEAD["pool"], "fc": {**HEAD["fc"], "act": "tanh"}}
    raw = model({"c": conv(), "d": conv()}, aux={"early": {"from": "c", "head": head}})
    (line,) = said(OUTPUT, raw)
    assert line.startswith(
        "aux.early.head.fc: Tanh changes the logits of the auxiliary head early: all lie between -1 and 1"
    )


# -- together


def test_every_smell_has_a_name_and_a_reason() -> None:
    assert len({name(smell) for smell in SMELLS}) == len(SMELLS)
    assert all(len((smell.__doc__ or "").split()) > 20 for smell in SMELLS)


def test_what_helps_is_tried() -> None:
    design = designed(model({"c": conv(norm="batch")}))
    assert under_override(design, "model.body.c.channels=0") is None
    assert under_override(design, "model.body.c.padding=valid").graph.layers[0].shape == (8, 26, 26)  # type: ignore[union-attr]


def test_the_task_tells_what_why_and_what_helps(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("task=lint") == 0
    assert capsys.readouterr().out == "lenet at 1×28×28, 10 classes, batches of 128: nothing to remark\n"
    assert cnnlab("task=lint", "model=vgg11_bn", "data.size=224") == 0
    told = capsys.readouterr().out
    assert all(len(line) <= 80 for line in told.splitlines())
    assert "2,752 biases that the norm behind them subtracts again." in told
    assert told.endswith("  Helps: model.bias=auto\n")
    assert cnnlab("task=lint", "model=vgg11_bn", "data.size=224", "format=json") == 0
    (one,) = json.loads(capsys.readouterr().out)["findings"]
    assert (one["smell"], one["figures"], one["instead"]) == (
        "bias-before-norm",
        {"parameters": 2752},
        ["model.bias=auto"],
    )


@pytest.mark.slow
def test_a_line_each_is_told_when_training_starts_and_once(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *SMALL,
        "data.subset=100",
        "trainer.max_epochs=1",
        "model.norm=batch",
        "model.bias=true",
        "hydra.run.dir=a",
    ]
    assert cnnlab(*words) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("design: ")]
    assert told == [
        "design: 22 biases that the norm behind them subtracts again (body.c1 and 1 more)",
        "design: task=lint says where, why, and what helps",
    ]
