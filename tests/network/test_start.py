"""How weights start, by each of the named ways."""

import pytest
import torch
from sample_networks import CONV, model, network, zoo

from cnnlab.network.build import build
from cnnlab.network.start import stream


def test_streams_are_apart():
    seeds = {stream(seed, path) for seed in range(50) for path in ("a", "b", "a.b", "0/a")}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(
    "init",
    ["auto", "default", "kaiming_normal", "kaiming_uniform", "xavier_normal", "orthogonal", "looks_linear"],
)
def test_every_weight_is_started(init):
    raw = model({"a": CONV | {"norm": "batch"}, "r": {"block": "residual", "channels": 4}}, init=init)
    for name, value in build(network(raw), (1, 8, 8)).state_dict().items():
        assert value.isfinite().all(), name
        assert value.abs().max() < 10, name  # memory as it was found


def test_a_signal_keeps_its_size_through_relus():
    deep = model({"stem": CONV | {"channels": 64}, "c": CONV | {"channels": 64, "repeat": 20, "bias": False}})
    net = build(network(deep), (1, 16, 16)).body
    with torch.no_grad():
        stem = net.stem(torch.randn(4, 1, 16, 16))
        ratio = net.c(stem).std() / stem.std()
    assert 0.05 < ratio < 5  # the zeros around the image alone take some of it; a wrong gain is off by 2^10


# -- looks_linear: what a stack makes of pairs of channels is linear, and keeps its size


def differences(raw, shape):
    """The body as a function of images: the difference of each pair of its channels."""
    body = build(network({**raw, "init": "looks_linear"}), shape).body
    return lambda x: (lambda z: z[:, ::2] - z[:, 1::2])(body(x))


SIDE_BY_SIDE = {
    "block": "parallel",
    "branches": {
        "narrow": {"c": {"block": "conv", "channels": 6, "kernel_size": 1}},
        "wide": {"r": {"block": "conv", "channels": 8, "kernel_size": 1}, "c": {"block": "conv", "channels": 10}},
    },
}
DEEP = {"stem": CONV | {"channels": 12}, "c": CONV | {"channels": 16, "repeat": 40}}
SMALL_FC = {"block": "linear", "features": "classes"}
STACKS = {
    "plain": DEEP,
    "gelu": DEEP | {"c": CONV | {"channels": 16, "repeat": 40, "act": "gelu"}},
    "branches": {"stem": CONV | {"channels": 12}, "p": SIDE_BY_SIDE | {"repeat": 10}},
    "groups": {"stem": CONV | {"channels": 12}, "c": CONV | {"channels": 12, "groups": 3, "repeat": 10}},
    "strides": {"stem": CONV | {"channels": 12}, "c": CONV | {"channels": 16, "stride": 2, "kernel_size": 4}},
    "depthwise": {"stem": CONV | {"channels": 12}, "c": {"block": "separable_conv", "channels": 16, "repeat": 5}},
    "narrow": {"stem": CONV | {"channels": 4}, "c": CONV | {"channels": 4, "repeat": 20}},
    "average": {"stem": CONV | {"channels": 12}, "pool": {"block": "avg_pool"}, "c": CONV | {"channels": 16}},
}


@pytest.mark.parametrize("name", STACKS)
def test_pairs_of_channels_make_a_network_linear(name):
    found = differences(model(STACKS[name]), (1, 16, 16))
    x, y = torch.randn(2, 8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        both, apart = found(x - 2 * y), found(x) - 2 * found(y)
    assert torch.allclose(both, apart, atol=1e-4)
    assert 0.2 < apart.std() < 5  # nor is it linear for being nothing


def test_without_pairs_it_is_not_linear():
    """The claim above can fail: with other weights, and with a layer of odd width."""
    x, y = torch.randn(2, 8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    odd = differences(model({**DEEP, "odd": CONV | {"channels": 15}, "even": CONV | {"channels": 16}}), (1, 16, 16))
    body = build(network(model(DEEP)), (1, 16, 16)).body
    for found in (odd, body):
        with torch.no_grad():
            assert not torch.allclose(found(x - 2 * y), found(x) - 2 * found(y), atol=1e-2)


def gradients(init):
    """Of a plain network's first and last convolutions, 110 layers apart."""
    torch.manual_seed(0)
    net = build(network({**zoo("cifar/plain110"), "init": init, "width": 0.5}), (1, 16, 16))
    net(torch.randn(16, 1, 16, 16)).square().sum().backward()
    sizes = [weight.grad.norm().item() for name, weight in net.named_parameters() if name.endswith("conv.weight")]
    return sizes[1], sizes[-1]


def test_the_gradient_of_a_deep_plain_network_keeps_its_size():
    first, last = gradients("auto")
    assert first / last > 1e5  # Yang et al. 2019, arXiv:1902.08129: it grows from norm to norm on its way back
    first, last = gradients("looks_linear")
    assert 1e-2 < first / last < 1e2


@pytest.mark.parametrize("channels", [1, 4, 6])
def test_what_takes_the_image_takes_no_pairs(channels):
    """Channels of an image are alike: their differences would leave little of it."""
    image = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0)).expand(8, channels, 16, 16)
    for first in (CONV | {"channels": 32}, {"block": "parallel", "branches": {b: {"c": CONV} for b in "ab"}}):
        body = build(network(model({"first": first}, init="looks_linear")), (channels, 16, 16)).body
        assert body(image).std() > 0.2


def test_wider_layers_keep_the_size_of_a_signal():
    raw = model({"stem": CONV | {"channels": 8}, "wide": CONV | {"channels": 128}}, init="looks_linear")
    body = build(network(raw), (1, 16, 16)).body
    with torch.no_grad():
        stem = body.stem(torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
        assert float(body.wide(stem).std()) == pytest.approx(float(stem.std()), rel=0.2)


@pytest.mark.parametrize(
    "block",
    [
        CONV | {"act": "tanh", "channels": 8},
        CONV | {"channels": 9},
        CONV | {"channels": 12, "groups": 4},
        {"block": "linear", "features": 16},
        {"block": "depthwise_conv", "multiplier": 2},
    ],
)
def test_what_has_no_pairs_starts_as_by_default(block):
    """Nor are they left with a start that is neither: a stack of odd widths would lose its signal."""
    around = {"flat": {"block": "flatten"}} if block["block"] == "linear" else {"stem": CONV | {"channels": 12}}
    raw = model(around | {"a": block, "b": block}, init="looks_linear") if "flat" not in around else None
    if raw is None:
        raw = {**model({"stem": CONV}, init="looks_linear"), "head": around | {"a": block, "b": block, "fc": SMALL_FC}}
    found = [build(network({**raw, "init": init}), (1, 12, 12)).state_dict() for init in ("auto", "looks_linear")]
    names = [name for name in found[0] if ".b." in name]
    assert names
    assert all(torch.equal(found[0][name], found[1][name]) for name in names)
