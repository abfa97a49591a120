"""Receptive fields: those worked out by hand, and those that gradients find in linear networks."""

import pytest
import torch
from sample_networks import model, network, zoo

from cnnlab.blocks import AdaptiveAvgPool, AvgPool, Conv, Parallel, Skip
from cnnlab.blocks.trace import trace
from cnnlab.network.build import build
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network


def fields(raw, shape, classes=10):
    found, faults = read_network(raw, classes)
    assert found is not None, faults
    return {layer.name: layer.receptive_field for layer in graph(found, shape).layers}


def test_lenets_by_hand():
    found = fields(zoo("lenet"), (1, 28, 28))
    assert [found[f"body.{name}"] for name in ("c1", "s2", "c3", "s4")] == [(5, 5), (6, 6), (14, 14), (16, 16)]
    assert found["head.out"] == (32, 32)  # 16 + 4 steps of 4: all of the padded 28


def test_vgg16s_stages_by_hand():
    found = fields(zoo("vgg16"), (3, 224, 224), 1000)
    assert [found[f"body.stage{i}.pool"][0] for i in range(1, 6)] == [6, 16, 44, 100, 212]


def test_resnet18s_by_hand():
    found = fields(zoo("resnet18"), (3, 224, 224), 1000)
    names = ["stem", "pool", *(f"stage{i}.{j}" for i in range(1, 5) for j in range(2))]
    sizes = [found[f"body.{name}"][0] for name in names]
    assert sizes == [7, 11, 27, 43, 67, 99, 147, 211, 307, 435]


def test_rows_and_columns_differ():
    conv = Conv(channels=1, kernel_size=(3, 5), stride=(3, 2), dilation=(2, 1))
    found = trace(conv, (1, 30, 30)).field
    assert (found.size, found.step) == ((5, 5), (3, 2))


def test_the_largest_branch_counts():
    branches = {"a": {"c": Conv(channels=1, kernel_size=1)}, "b": {"c": Conv(channels=1, kernel_size=(3, 7))}}
    assert trace(Parallel(branches=branches), (1, 9, 9)).field.size == (3, 7)
    body = {"a": Conv(channels=2, kernel_size=3, stride=2), "b": Conv(channels=2)}
    assert trace(Skip(body=body), (1, 9, 9)).field.size == (7, 7)


@pytest.mark.parametrize(("n", "m"), [(7, 3), (5, 3), (4, 6), (13, 6), (12, 4), (9, 9), (6, 1)])
def test_an_adaptive_pools_is_its_widest_bin(n, m):
    x = torch.ones(1, 1, n, n, requires_grad=True)
    out = AdaptiveAvgPool(output_size=m).build((1, n, n))(x)
    widths = []
    for i in range(m):
        (grad,) = torch.autograd.grad(out[0, 0, i, 0], x, retain_graph=True)
        widths.append(int(grad[0, 0].any(1).sum()))
    assert trace(AdaptiveAvgPool(output_size=m), (1, n, n)).field.size == (max(widths), max(widths))


def seen(net, shape, layer):
    """Rows and columns of the image on which a centre position of `layer` depends: all weights positive, all linear."""
    x = torch.ones(1, *shape, requires_grad=True)
    kept = {}
    for name, module in net.named_modules():
        for weight in module.parameters(recurse=False):
            weight.data.fill_(0.01)
        if name == layer:
            module.register_forward_hook(lambda _, __, out: kept.update(out=out))
    net(x)
    out = kept["out"].sum(1)
    out[0, out.shape[1] // 2, out.shape[2] // 2].backward()
    touched = x.grad[0].abs().sum(0) > 0
    rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
    return tuple(int(span.max() - span.min() + 1) for span in (rows, columns))


LOPSIDED_POOL = {"block": "avg_pool", "stride": 1, "padding": "same"}


def first(name, stages, width):
    """The first so many blocks of a network, thin."""
    raw = zoo(name)
    thin = {"body": dict(list(raw["body"].items())[:stages]), "width": width, "divisor": 1}
    return {**raw, **thin, "aux": None}


NETS = {
    "lenet": (lambda: zoo("lenet"), (1, 60, 64)),
    "resnet18": (lambda: first("resnet18", 5, 1 / 64), (1, 220, 230)),
    "googlenet": (lambda: first("googlenet", 10, 1 / 64), (1, 180, 190)),
    "nin": (lambda: first("nin", 9, 1 / 96), (1, 50, 60)),
    "lopsided": (
        lambda: model(
            {
                "a": {"block": "conv", "channels": 2, "kernel_size": [2, 4], "stride": [3, 2]},
                "b": {"block": "conv", "channels": 2, "kernel_size": 3, "dilation": [1, 2]},
                "c": {"block": "parallel", "branches": {"x": {}, "y": LOPSIDED_POOL}},
                "d": {"block": "residual", "channels": 4, "stride": 2},
                "e": {"block": "inception", "b1": 1, "b3": [1, 1], "b5": [1, 1], "pool": 1},
            }
        ),
        (1, 120, 110),
    ),
}


def averaged(raw):
    """The same network with averages for maxima: a maximum's gradient chooses one input."""
    body = {name: {**said, "block": averaging(said["block"])} for name, said in raw["body"].items()}
    kinds = {averaging(kind): said for kind, said in raw.get("kinds", {}).items()}
    kept = {key: value for key, value in raw.items() if key not in ("norm", "dropout")}
    return {**kept, "body": body, "kinds": kinds, "act": "none"}


def averaging(kind):
    return kind.replace("max_pool", "avg_pool")


def averages(net):
    """Inception's own max pools, too."""
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.MaxPool2d):
                size = (child.kernel_size, child.stride, child.padding, child.ceil_mode)
                setattr(parent, name, torch.nn.AvgPool2d(*size))
    return net


@pytest.mark.parametrize("name", NETS)
def test_gradients_find_what_is_told(name):
    raw, shape = NETS[name]
    found = network(averaged(raw()))
    told = {layer.name: layer.receptive_field for layer in graph(found, shape).layers}
    net = averages(build(found, shape)).eval()
    for stage in [*found.body[:3], *found.body[-2:]]:
        row = last_row(stage)
        reached = seen(net, shape, f"body.{stage.name}")
        assert reached == tuple(min(size, n) for size, n in zip(told[row], shape[1:], strict=True)), row


def last_row(stage):
    parts = list(stage.parts)
    return f"body.{stage.name}" + (f".{parts[-1]}" if len(parts) > 1 else "")


def test_pools_of_an_odd_step_widen_what_follows():
    assert trace(AvgPool(kernel_size=3, stride=2), (1, 9, 9)).field.then(
        trace(Conv(channels=1), (1, 4, 4)).field
    ).size == (7, 7)
