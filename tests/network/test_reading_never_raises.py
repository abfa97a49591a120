"""Whatever stands in the YAML is a network or faults, and what is a network does what its plan says."""

import copy
import random
from typing import Any

import pytest
import torch
from examples import examples
from hypothesis import Phase, given, settings
from sample_networks import CONV, EVERY, HEAD, model, models, multiply_adds, zoo

from cnnlab.blocks import KINDS
from cnnlab.network.build import build
from cnnlab.network.fixes import explanation
from cnnlab.network.graph import graph
from cnnlab.network.inheritance import INHERITED
from cnnlab.network.read import read_network
from cnnlab.network.spec import PLACED, ModelSettings

WORDS = sorted({*KINDS, *ModelSettings.model_fields, *PLACED, *(f for cls in KINDS.values() for f in cls.model_fields)})
WORDS += ["classes", "same", "batch", "group", "none", "auto", "c", "d", "", "a.b", "kind", "groups", "eps", "1"]
WORDS += ["input", "required", "params", "own", "$a", "$a / 3", "$b * (", "$a ** 2", "$", "from", "weight"]
NUMBERS = [0, 1, -1, 2, 3, 32, 10**9, -(10**9), 10**20, 2**63, 0.5, 1.0, -1.0, 1e308, float("nan"), float("inf")]


def junk(draw: random.Random, depth: int = 0) -> Any:
    match draw.randrange(9):
        case 0:
            return draw.choice([None, True, False])
        case 1 | 2:
            return draw.choice(NUMBERS)
        case 3 if depth < 4:
            return [junk(draw, depth + 1) for _ in range(draw.randrange(5))]
        case 4 | 5 if depth < 4:
            return {key(draw): junk(draw, depth + 1) for _ in range(draw.randrange(4))}
    return draw.choice(WORDS)


def key(draw: random.Random) -> Any:
    return draw.choice(WORDS) if draw.random() < 0.9 else draw.choice([1, None, True, 2.5])


SAID = model(
    {
        "c": CONV
        | {"kernel_size": [3, 2], "norm": {"kind": "group", "groups": 4}, "repeat": 2, "first": {"stride": 2}},
        "p": {
            "block": "parallel",
            "branches": {"l": CONV, "r": {"x": CONV, "y": {"block": "max_pool", "stride": 1, "padding": "same"}}},
        },
        "s": {"block": "skip", "norm": "batch", "body": {"n": {"block": "nin", "channels": [2, 3, 4]}}},
        "i": {"block": "inception", "b1": 2, "b3": [1, 2], "b5": [1, 2], "pool": 3, "before": "s"},
        "v": {"block": "vgg", "channels": 4, "last": {"channels": 8}},
        "o": {"block": "own", "a": 4, "repeat": 1, "from": ["v", "v"], "join": "add"},
    },
    HEAD | {"d": {"block": "dropout", "after": "pool"}},
    **{"norm": "batch", "act": "tanh", "dropout": 0.1, "width": 2.0, "divisor": 2, "min_size": 8},
    **{"depth": 2.0, "stochastic_depth": 0.1},
    kinds={"conv": {"bias": True}},
    blocks={
        "own": {
            "params": {"a": "required", "b": 2},
            "block": "skip",
            "body": {"x": CONV | {"channels": "$a * b"}, "y": {"block": "inner", "c": "$a / b"}},
        },
        "inner": {"params": {"c": 3}, "block": "conv", "channels": "$c"},
    },
    aux={"side": {"from": "s", "weight": 0.1, "head": HEAD}},
)


def places(value: Any) -> list[tuple[dict, Any]]:
    """Every (mapping, key) within."""
    if not isinstance(value, dict):
        return []
    return [found for k, v in value.items() for found in [(value, k), *places(v)]]


def spoiled(draw: random.Random) -> Any:
    if draw.random() < 0.1:
        return junk(draw)
    raw = copy.deepcopy(SAID)
    for _ in range(draw.randrange(1, 4)):
        where = places(raw)
        if not where:
            break
        mapping, name = draw.choice(where)
        match draw.randrange(4):
            case 0:
                mapping[name] = junk(draw)
            case 1:
                mapping[key(draw)] = junk(draw)
            case 2:
                del mapping[name]
            case 3:
                mapping[f"{name}x"] = mapping.pop(name)
    return raw


def test_what_is_spoiled_here_is_a_network():
    net, faults = read_network(SAID, 10)
    assert net is not None, faults
    assert not graph(net, (1, 16, 16)).faults


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_garbage_is_faults_and_never_an_error(seed):
    draw = random.Random(seed)
    networks = 0
    for _ in range(examples(350)):
        raw = spoiled(draw)
        before = copy.deepcopy(raw)
        net, faults = read_network(raw, 10)
        assert repr(raw) == repr(before), "what the user wrote is left as it is"
        assert (net is None) == bool(faults)
        assert len(faults) == len(set(faults))
        for fault in faults:
            assert fault.path == "model" or fault.path.startswith("model."), fault
            assert "\n" not in fault.message
            assert "Traceback" not in fault.message
        if net is not None:
            networks += 1
            found = graph(net, (1, 9, 16))
            if found.end:
                explanation(found, raw, 10)
            elif not found.faults:
                build(net, (1, 9, 16)) if found.params < 10**6 else None
    assert networks > examples(350) / 35


@pytest.mark.parametrize("raw", [None, [], "resnet18", 3, True, {}, {"body": None, "head": 3}])
def test_what_is_no_model_at_all_is_a_fault(raw):
    net, faults = read_network(raw, 10)
    assert net is None
    assert faults


REACHED: set[str] = set()


@settings(max_examples=250, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(raw=models())
def random_networks_do_what_their_plans_say(raw):
    shape = (2, 9, 8)
    net, _ = read_network(raw, 10)
    if net is None:
        return
    found = graph(net, shape)
    if found.faults:
        return
    REACHED.update(raw, *(said for said in raw["body"].values()))
    module = build(net, shape)
    out, sides = module.with_aux(torch.randn(3, *shape))
    sum(one.sum() for one in (out, *sides.values())).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    macs, out = multiply_adds(module, torch.randn(1, *shape))
    assert tuple(out.shape[1:]) == found.output
    assert sum(p.numel() for p in module.parameters()) == found.params + found.params_aux
    assert macs == found.macs


@pytest.mark.slow
def test_what_a_plan_says_of_random_networks_is_what_they_do():
    random_networks_do_what_their_plans_say()
    apart = {"min_size", "input_size", "freeze", "after", "before"}
    assert {*PLACED, *ModelSettings.model_fields} - apart <= REACHED


def test_settings_that_cascade_are_settings_of_a_model():
    assert set(INHERITED) <= set(ModelSettings.model_fields)


@pytest.mark.parametrize("name", EVERY)
def test_a_misspelt_setting_of_any_network_is_found(name):
    raw = copy.deepcopy(zoo(name))
    block = next(iter(raw["body"]))
    raw["body"][block]["chanels"] = 3
    net, faults = read_network(raw, 10)
    assert net is None
    assert [str(f).split(";")[1] for f in faults] == [" did you mean 'channels'?"]
