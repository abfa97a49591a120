"""What is said below a misfit: the chain of shapes, and fixes that work."""

import copy
import re

import pytest
import yaml
from sample_networks import CONV, HEAD, model, network, zoo

from cnnlab.network.fixes import explanation, smallest_size
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network

VALID = CONV | {"kernel_size": 5, "padding": "valid"}


def explained(raw, shape, classes=10):
    found = graph(network(raw, classes), shape)
    assert found.end, "it fits"
    return explanation(found, raw, classes)


def fixes(lines):
    (said,) = [line for line in lines if line.startswith("works instead: ")]
    return said.removeprefix("works instead: ").split("  |  ")


def fits(raw, shape, classes=10):
    net, faults = read_network(raw, classes)
    return not faults and not graph(net, shape).faults


def applied(fix, raw, shape):
    """The model and the images after an override as it is printed."""
    path, _, value = fix.strip("'").partition("=")
    if path == "data.size":
        return raw, (shape[0], int(value), int(value))
    raw = copy.deepcopy(raw)
    *way, last = path.split(".")
    assert way.pop(0) == "model"
    node = raw
    for name in way:
        node = node[name]
    node[last] = yaml.safe_load(value)
    return raw, shape


CASES = {
    "vanishes": (model({"c1": VALID, "p": {"block": "max_pool"}, "c2": VALID}), (1, 12, 12)),
    "a pool": (model({"c": CONV, "p": {"block": "max_pool", "repeat": 5}}), (1, 16, 16)),
    "nested": (model({"s": {"block": "sequential", "body": {"c": VALID | {"kernel_size": 20}}}}), (3, 9, 9)),
    "oblong": (model({"c": VALID}), (1, 30, 3)),
    "flat": (model({"c": CONV}, {"fc": HEAD["fc"]}), (1, 8, 8)),
    "flat, a name is taken": (model({"c": CONV}, {"flatten": {"block": "dropout"}, "fc": HEAD["fc"]}), (1, 8, 8)),
    "flat in a branch": (
        model({"c": CONV}, {"s": {"block": "sequential", "body": {"fc": {"block": "linear", "features": "classes"}}}}),
        (1, 8, 8),
    ),
    "twice flat": (model({"c": CONV, "f": {"block": "flatten"}}, HEAD), (1, 8, 8)),
    "lenet": (zoo("lenet"), (1, 8, 8)),
    "alexnet": (zoo("alexnet"), (3, 32, 32)),
    "googlenet": (zoo("googlenet"), (3, 9, 9)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_fix_that_is_told_works(case):
    raw, shape = CASES[case]
    assert not fits(raw, shape)
    before = copy.deepcopy(raw)
    for fix in fixes(explained(raw, shape)):
        assert fits(*applied(fix, raw, shape)), fix
    assert raw == before


def test_a_vanished_map_is_told_with_its_chain_and_its_fixes():
    assert explained(*CASES["vanishes"]) == [
        "input 1×12×12 → c1 8×8×8 → p 8×4×4 → c2 ✗     smallest image that works: 14×14",
        "works instead: model.body.c2.padding=same  |  model.body.c2=null  |  data.size=14",
    ]


def test_an_image_before_a_linear_layer_is_told_with_what_flattens_it():
    assert explained(*CASES["flat"]) == [
        "input 1×8×8 → c 8×8×8 → fc ✗",
        "works instead: 'model.head.global_avg_pool={block: global_avg_pool, before: fc}'  |  "
        "'model.head.flatten={block: flatten, before: fc}'",
    ]


def test_a_long_chain_keeps_its_ends():
    lines = explained(model({"c": CONV, "p": {"block": "avg_pool", "repeat": 12}}), (1, 600, 600))
    assert lines[0].startswith("input 1×600×600 → c 8×600×600 → p.0 8×300×300 → … → p.4 8×18×18 → ")
    assert " → p ✗" in lines[0]


def test_where_nothing_helps_nothing_is_promised():
    raw = model({"s": {"block": "residual", "channels": 4, "shortcut": "identity"}})
    assert explained(raw, (1, 8, 8)) == []


@pytest.mark.parametrize("name", ["lenet", "alexnet", "googlenet", "nin", "vgg11"])
def test_the_smallest_size_is_the_smallest(name):
    raw = zoo(name)
    smallest = smallest_size(raw, 10, 1)
    assert smallest == next(size for size in range(1, 100) if fits(raw, (1, size, size)))
    assert all(fits(raw, (1, size, size)) for size in range(smallest, smallest + 40))


def test_a_network_that_takes_no_square_up_to_the_largest_has_no_smallest():
    assert smallest_size(model({"c": CONV | {"kernel_size": 600, "padding": "valid"}}), 10, 1) is None


def test_the_size_named_is_the_one_the_window_needs():
    lines = explained(model({"c": VALID | {"kernel_size": 40}}), (1, 28, 28))
    assert re.search(r"smallest image that works: 40×40$", lines[0])


def test_the_chain_to_an_auxiliary_head_leads_over_its_block():
    head = {"large": {"block": "avg_pool", "kernel_size": 7}, **HEAD}
    body = {"a": CONV | {"stride": 2}, "b": CONV, "c": CONV | {"stride": 2}}
    lines = explained(model(body, aux={"x": {"from": "b", "head": head}}), (1, 8, 8))
    assert lines[0].startswith("input 1×8×8 → a 8×4×4 → b 8×4×4 → x.head.large ✗")
    assert "model.aux.x=null" in fixes(lines)
