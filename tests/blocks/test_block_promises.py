"""What every kind of block promises; a new kind needs one line in CASES, and is drawn at random without one."""

import pytest
import torch
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sample_networks import multiply_adds, settings_of
from torch import nn

from cnnlab.blocks import KINDS
from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.trace import trace
from cnnlab.network.read import read_network

INSIDE = {"a": {"block": "conv", "channels": 6}, "b": {"block": "conv", "channels": 6, "norm": "batch"}}
IMAGE, ROW = (6, 9, 12), (20,)
CASES = [
    ({"block": "conv", "channels": 8, "kernel_size": 3, "stride": [3, 2], "groups": 2, "norm": "batch"}, IMAGE),
    ({"block": "conv", "channels": 4, "kernel_size": [2, 4], "dilation": 2, "act": "tanh", "dropout": 0.2}, IMAGE),
    ({"block": "conv", "channels": 8, "order": "norm_act_conv", "norm": "batch", "padding": 1}, IMAGE),
    ({"block": "conv", "channels": 8, "order": "norm_act_conv"}, IMAGE),
    ({"block": "conv", "channels": 8, "order": "conv_act_norm", "norm": "batch", "kernel_size": 2}, IMAGE),
    ({"block": "depthwise_conv", "multiplier": 2, "stride": 2, "norm": "batch"}, IMAGE),
    ({"block": "separable_conv", "channels": 4, "kernel_size": 2, "norm": "batch", "between": False}, IMAGE),
    ({"block": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1}, IMAGE),
    ({"block": "max_pool", "kernel_size": 2, "stride": 1, "padding": "same"}, IMAGE),
    ({"block": "avg_pool", "kernel_size": 3, "stride": 2, "ceil_mode": True, "count_include_pad": False}, IMAGE),
    ({"block": "blur_pool"}, IMAGE),
    ({"block": "blur_pool", "kernel_size": [4, 2], "stride": [1, 3]}, IMAGE),
    ({"block": "global_avg_pool"}, IMAGE),
    ({"block": "adaptive_avg_pool", "output_size": [4, 5]}, IMAGE),
    ({"block": "flatten"}, IMAGE),
    ({"block": "linear", "features": 7, "norm": "batch", "act": "sigmoid"}, ROW),
    ({"block": "dropout"}, IMAGE),
    ({"block": "norm", "norm": "instance"}, IMAGE),
    ({"block": "norm", "norm": {"kind": "group", "groups": 3}}, IMAGE),
    ({"block": "norm", "norm": "layer"}, ROW),
    ({"block": "act", "act": "leaky_relu"}, ROW),
    ({"block": "lrn", "size": 3}, IMAGE),
    ({"block": "vgg", "channels": 8}, IMAGE),
    ({"block": "nin", "channels": [8, 7, 5], "kernel_size": 5, "padding": "valid"}, IMAGE),
    ({"block": "inception", "b1": 2, "b3": [3, 4], "b5": [2, 3], "pool": 5, "norm": "batch"}, IMAGE),
    ({"block": "residual", "channels": 6}, IMAGE),
    ({"block": "residual", "channels": 8, "stride": 2, "norm": "batch", "shortcut_norm": "none"}, IMAGE),
    ({"block": "residual", "channels": 8, "stride": 2, "shortcut": "none", "dropout": 0.5}, IMAGE),
    ({"block": "bottleneck", "channels": 16, "groups": 2, "stride": 2, "norm": "batch"}, IMAGE),
    ({"block": "residual", "channels": 8, "stride": 2, "shortcut": "pad", "squeeze_excite": 2}, IMAGE),
    ({"block": "residual", "channels": 8, "stride": 2, "shortcut": "pool", "dilation": 2, "norm": "batch"}, IMAGE),
    ({"block": "residual", "channels": 6, "groups": 3, "stochastic_depth": 0.5}, IMAGE),
    ({"block": "preact_residual", "channels": 6, "norm": "batch"}, IMAGE),
    ({"block": "preact_residual", "channels": 8, "stride": 2, "squeeze_excite": 4}, IMAGE),
    ({"block": "preact_residual", "channels": 6, "shared": True, "stochastic_depth": 0.4}, IMAGE),
    ({"block": "preact_bottleneck", "channels": 16, "stride": [1, 2], "norm": "batch", "shortcut": "none"}, IMAGE),
    ({"block": "dense_block", "growth": 4, "norm": "batch"}, IMAGE),
    ({"block": "dense_block", "growth": 4, "expansion": 0, "dropout": 0.2}, IMAGE),
    ({"block": "transition", "norm": "batch"}, IMAGE),
    ({"block": "inverted_residual", "channels": 6, "norm": "batch", "act": "relu6"}, IMAGE),
    (
        {
            "block": "inverted_residual",
            "channels": 8,
            "expansion": 1,
            "stride": 2,
            "squeeze_excite": {"ratio": 2, "of": "input"},
        },
        IMAGE,
    ),
    ({"block": "inverted_residual", "channels": 6, "expansion": 1.5, "fused": True, "norm": "batch"}, IMAGE),
    ({"block": "inverted_residual", "channels": 8, "inner": 9, "squeeze_excite": {"ratio": 4, "divisor": 4}}, IMAGE),
    ({"block": "squeeze_excite", "ratio": 3, "act": "silu"}, IMAGE),
    ({"block": "squeeze_excite", "inner": 4, "act": "silu", "gate": "hardsigmoid"}, IMAGE),
    ({"block": "parallel", "branches": {"some": {"block": "select", "indices": [4, 0, 4]}, "whole": {}}}, IMAGE),
    ({"block": "select", "indices": [3, 1, 0, 2, 5, 4]}, IMAGE),
    ({"block": "parallel", "branches": {"some": {"block": "split", "part": 1, "of": 3}, "whole": {}}}, IMAGE),
    ({"block": "parallel", "branches": {"some": {"block": "split", "start": 2, "stop": 5}, "whole": {}}}, IMAGE),
    ({"block": "split", "part": 0, "of": 1}, IMAGE),
    ({"block": "shuffle", "groups": 3}, IMAGE),
    ({"block": "channel_pool", "reduce": "max"}, IMAGE),
    ({"block": "channel_pool"}, IMAGE),
    ({"block": "channel_conv", "bias": True}, IMAGE),
    ({"block": "squeeze_excite", "pool": "both", "ratio": 2, "bias": False}, IMAGE),
    ({"block": "squeeze_excite", "layers": 1, "gate": "hardsigmoid", "pool": "max"}, IMAGE),
    ({"block": "scale", "factor": 0.5, "learned": "channel"}, IMAGE),
    ({"block": "scale", "factor": 0.5, "learned": "one"}, ROW),
    ({"block": "complement"}, ROW),
    ({"block": "grn"}, IMAGE),
    ({"block": "upsample", "factor": [2, 3]}, IMAGE),
    ({"block": "upsample", "mode": "bilinear"}, IMAGE),
    ({"block": "conv_transpose", "channels": 4, "norm": "batch"}, IMAGE),
    ({"block": "conv_transpose", "channels": 4, "kernel_size": 4, "groups": 2, "padding": 1, "dilation": 2}, IMAGE),
    ({"block": "conv_transpose", "channels": 4, "kernel_size": [5, 1], "stride": [2, 3]}, IMAGE),
    ({"block": "norm", "norm": "channel_layer"}, IMAGE),
    ({"block": "conv", "channels": 4, "act": {"kind": "prelu"}, "standardize": "scaled"}, IMAGE),
    ({"block": "conv", "channels": 4, "act": {"kind": "leaky_relu", "slope": 0.1}, "standardize": "weights"}, IMAGE),
    (
        {
            "block": "bottleneck",
            "channels": 12,
            "ratio": 1.5,
            "group_width": 4,
            "norm": "batch",
            "squeeze_excite": {"ratio": 3, "of": "input", "place": "inner"},
        },
        IMAGE,
    ),
    (
        {
            "block": "parallel",
            "branches": {"l": INSIDE["a"], "r": INSIDE["a"]},
            "merge": "mean",
            "copies": {"l": 3},
            "drop_path": 0.01,
        },
        IMAGE,
    ),
    ({"block": "parallel", "branches": {"gate": {"p": {"block": "channel_pool"}}, "x": {}}, "merge": "mul"}, IMAGE),
    ({"block": "skip", "body": INSIDE, "scale": {"factor": 0.5, "learned": "channel"}, "sum_act": "relu"}, IMAGE),
    ({"block": "skip", "body": {"a": {"block": "conv", "channels": 5}}, "shortcut": "identity_or_none"}, IMAGE),
    ({"block": "sequential", "body": INSIDE}, IMAGE),
    ({"block": "parallel", "branches": {"l": INSIDE, "r": INSIDE["a"]}}, IMAGE),
    ({"block": "parallel", "branches": {"l": INSIDE, "r": INSIDE["a"], "x": {}}, "merge": "mul"}, IMAGE),
    ({"block": "skip", "body": INSIDE}, IMAGE),
    ({"block": "skip", "body": INSIDE, "shortcut": "conv", "norm": "batch", "stochastic_depth": 0.3}, IMAGE),
]
every_case = pytest.mark.parametrize(("said", "shape"), CASES, ids=[said["block"] for said, _ in CASES])


def block(said) -> Block:
    found, faults = read_network({"body": {"it": said}, "head": {}}, classes=10)
    assert found is not None, faults
    return found.body[0].copies[0]


def started(part: Block, shape) -> nn.Module:
    torch.manual_seed(0)
    return part.build(shape)


def test_every_kind_has_a_case():
    assert {said["block"] for said, _ in CASES} == set(KINDS)


@every_case
def test_the_predicted_shape_is_the_real_one(said, shape):
    part = block(said)
    net = started(part, shape)
    for module in (net.train(), net.eval()):
        assert part.shape(shape) == tuple(module(torch.randn(3, *shape)).shape[1:])


@every_case
def test_every_weight_gets_a_finite_gradient(said, shape):
    x = torch.randn(3, *shape, requires_grad=True)
    net = started(block(said), shape).train()
    out = net(x)
    (out * torch.randn_like(out)).sum().backward()
    for name, value in [("input", x), *net.named_parameters()]:
        assert value.grad is not None, name
        assert value.grad.isfinite().all(), name
        assert value.grad.any(), name


@every_case
def test_it_leaves_its_input_as_it_was(said, shape):
    x = torch.randn(2, *shape)
    before = x.clone()
    started(block(said), shape)(x)
    assert torch.equal(x, before)


@every_case
def test_images_stay_independent_in_evaluation(said, shape):
    net = started(block(said), shape)
    net(torch.randn(8, *shape))  # running statistics that are not those of a fresh layer
    net.eval()
    x = torch.randn(3, *shape)
    together = net(x)
    for i in range(3):
        torch.testing.assert_close(net(x[i : i + 1])[0], together[i])
    x[1:] = 1000
    torch.testing.assert_close(net(x)[0], together[0])


@every_case
def test_its_record_survives_a_round_trip(said, shape):
    part = block(said)
    assert type(part).model_validate(part.model_dump()) == part
    assert type(part).model_validate(yaml.safe_load(yaml.safe_dump(part.model_dump(mode="json")))) == part


def test_combinators_can_be_written_in_python_as_in_yaml():
    conv = KINDS["conv"](channels=6)
    said = {"block": "sequential", "body": {"a": {"block": "conv", "channels": 6}}}
    assert KINDS["sequential"](body={"a": conv}) == block(said)


def counted(net: nn.Module, shape) -> tuple[int, int]:
    """Parameters and multiply-adds, by torch's own counter over real tensors."""
    return sum(p.numel() for p in net.parameters()), multiply_adds(net, torch.zeros(1, *shape))[0]


@every_case
def test_parameters_and_multiply_adds_are_what_torch_counts(said, shape):
    part = block(said)
    found = trace(part, shape)
    assert (found.params, found.macs) == counted(part.build(shape), shape)


def test_measuring_allocates_no_weight():
    found = trace(KINDS["conv"](channels=100_000), (100_000, 64, 64))
    assert found.params * 4 > 300 * 2**30  # bytes


def fields(kind: str) -> list[str]:
    return [name for name in KINDS[kind].model_fields if name != "block"]


LONG = (
    *("skip", "inverted_residual", "preact_residual", "bottleneck", "parallel", "preact_bottleneck", "nin"),
    *("separable_conv", "dense_block", "sequential", "inception", "squeeze_excite", "vgg"),
)
"""kinds made of several layers; `residual` stands for them among the quick tests"""


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind in LONG)) for kind in KINDS])
def test_what_any_block_predicts_is_what_it_does(kind):
    """Random settings, each of the kind's in its turn among them."""
    built: set[str] = set()

    @settings(max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.data())
    def kept(data):
        for name in fields(kind) or [""]:
            said = data.draw(settings_of(kind, always=(name,)))
            if name == "base_width":  # of 64ths of the width: few numbers divide it
                said = {key: value for key, value in said.items() if key != "group_width"} | {"base_width": 64}
            if any([keeps_its_promises(said, shape) for shape in ((4, 9, 7), (12,))]):
                built.update(said)

    kept()
    assert built == {"block", *fields(kind)}


def keeps_its_promises(said, shape) -> bool:
    """Whether the block can be built for the shape; if so, it is asserted to do what it predicts."""
    part = block_or_none(said)
    if part is None:
        return False
    try:
        found = trace(part, shape)
    except Misfit:
        with pytest.raises(Misfit):
            raise_or_build(part, shape)
        return False
    torch.manual_seed(0)
    net = part.build(shape)
    x = torch.randn(3, *shape, requires_grad=True)
    net(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    with torch.no_grad():
        out = net.eval()(torch.cat([x[:1], 100 * torch.randn(1, *shape)]))
        torch.testing.assert_close(out[:1], net(x[:1]), rtol=1e-3, atol=1e-4)
    assert (tuple(out.shape[1:]), bool(out.isfinite().all())) == (found.shape, True)
    assert (found.params, found.macs) == counted(net, shape)
    assert type(part).model_validate(part.model_dump()) == part
    return True


def block_or_none(said) -> Block | None:
    found, _ = read_network({"body": {"it": said}, "head": {}}, classes=10)
    return found.body[0].copies[0] if found else None


def raise_or_build(part: Block, shape) -> None:
    """Build it; a plain RuntimeError of its forward pass is what `measure` told as a misfit."""
    try:
        part.build(shape)(torch.randn(3, *shape))
    except RuntimeError as error:
        raise Misfit(str(error)) from None
