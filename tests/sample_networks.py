"""Networks for tests: small ones as settings, those of conf/model, and random blocks made from kinds' own fields."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import torch
from hypothesis import strategies as st
from pydantic.fields import FieldInfo
from tiny_run import CONF
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnlab.blocks import KINDS
from cnnlab.blocks.attention import Squeeze
from cnnlab.blocks.block import Sized
from cnnlab.blocks.modules import Conv2d
from cnnlab.blocks.norm import ActSettings, NormSettings
from cnnlab.blocks.part import _ratio
from cnnlab.blocks.scaling import ScaleSettings
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.network.read import read_network
from cnnlab.network.spec import PLACED, Network, Placement

CONV = {"block": "conv", "channels": 8}
HEAD = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}}


def model(body: dict[str, Any], head: dict[str, Any] = HEAD, **settings: Any) -> dict[str, Any]:
    return {"body": body, "head": head, **settings}


def network(raw: dict[str, Any], classes: int = 10) -> Network:
    found, faults = read_network(raw, classes)
    assert found is not None, "\n".join(map(str, faults))
    return found


def faults(raw: Any, classes: int = 10) -> list[str]:
    """The faults of a model that cannot be read."""
    found, told = read_network(raw, classes)
    assert found is None
    return [str(fault) for fault in told]


@cache
def _composed(name: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    composed = compose(start(CONF).config_loader, "config", [f"model={name}", *overrides])  # type: ignore[arg-type]
    assert not composed.faults
    return composed.config["model"]


def zoo(name: str, *overrides: str) -> dict[str, Any]:
    """The settings that conf/model/`name`.yaml and `overrides` make."""
    return dict(_composed(name, overrides))


NAMES = sorted(str(file.relative_to(CONF / "model").with_suffix("")) for file in (CONF / "model").rglob("*.yaml"))
"""every network of conf/model"""
FEW = (
    *("cifar/plain20", "cifar/resnet20", "cifar/vgg16_bn", "cifar/wide_resnet28_10", "d2l/alexnet", "d2l/bn_lenet"),
    *("d2l/googlenet", "d2l/nin", "densenet121", "efficientnet_b0", "googlenet", "inception_v3", "lenet"),
    *("mobilenet_v2", "paper/lenet5", "paper/preact_resnet18", "resnet18", "resnext50_32x4d", "se_resnet18"),
    "squeezenet1_1",
)
"""one or two of each family"""


def few_first(names: Iterable[str]) -> list[Any]:
    """Networks for a test that is a slow one but for a network or two of each family."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW)) for name in names]


EVERY = few_first(NAMES)
"""every network of conf/model, likewise"""


def settings_of(kind: str, depth: int = 0, always: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """What YAML may say of a block of `kind`, from the types of its fields; most, but not all of it, can be built.

    The settings in `always` are set each time.
    """
    fields = {name: info for name, info in KINDS[kind].model_fields.items() if name != "block"}
    drawn = {name: values(info.annotation, info.metadata, depth) for name, info in fields.items()}
    wholes = {name: info.default for name, info in fields.items() if type(info.default) is int}
    drawn |= {name: drawn[name] | st.sampled_from([usual, 2 * usual]) for name, usual in wholes.items()}
    needed = {name: drawn[name] for name, info in fields.items() if info.is_required() or name in always}
    others = {name: strategy for name, strategy in drawn.items() if name not in needed}
    return st.fixed_dictionaries({"block": st.just(kind), **needed}, optional=others)


def blocks(depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Any block; combinators within combinators only so deep."""
    kinds = [kind for kind in KINDS if depth < 2 or not {"body", "branches"} & set(KINDS[kind].model_fields)]
    return st.sampled_from(kinds).flatmap(lambda kind: settings_of(kind, depth))


def stacks(depth: int = 0, most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Blocks by name, some of them repeated, some taking what others than the one before them have left."""
    placed = blocks(depth).flatmap(lambda block: st.tuples(st.just(block), places(block["block"])))
    return st.lists(placed, min_size=1, max_size=most).map(_stack)


def places(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """What a block of `kind` may be told of its place, and of its first and last copy.

    The sources are numbers of blocks before it, 0 the stack's own input.
    """
    copy = settings_of(kind, depth=2).map(
        lambda said: {key: value for key, value in said.items() if key not in ("block", "body", "branches")}
    )
    fields = {
        "repeat": st.integers(0, 3),
        "first": copy,
        "last": copy,
        "join": st.sampled_from(get_args(Placement.model_fields["join"].annotation)),
        "from": st.lists(st.integers(0, 2), min_size=1, max_size=2),
        "if": st.sampled_from([True, 1, 0, "none"]),
        "width": st.sampled_from(get_args(Placement.model_fields["width"].annotation)),
    }
    assert {*fields, "after", "before"} == set(PLACED), "teach tests/sample_networks.py"
    rare = st.fixed_dictionaries({}, optional=fields)
    joined = st.fixed_dictionaries(
        {"from": st.lists(st.integers(0, 2), min_size=2, max_size=2), "join": fields["join"]}
    )
    return st.one_of(st.just({}), st.just({}), rare, joined)


def _stack(drawn: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    names, stack = ["input"], {}
    for (block, place), name in zip(drawn, "abcdef", strict=False):
        taken = {"from": [names[i % len(names)] for i in place["from"]]} if "from" in place else {}
        if len(taken.get("from", ())) < 2:
            place = {key: value for key, value in place.items() if key != "join"}
        stack[name] = {**block, **place, **taken}
        names.append(name)
    return stack


def models() -> st.SearchStrategy[dict[str, Any]]:
    """Whole networks, with settings that hold for all of one, and a block that they define themselves."""
    ends = {"flat": {"block": "adaptive_avg_pool", "output_size": 1}, **HEAD}
    hidden = {
        "flat": ends["flat"],
        "pool": HEAD["pool"],
        "hidden": {"block": "linear", "features": 4},
        "out": HEAD["fc"],
    }
    around = {
        "norm": st.sampled_from(["batch", "layer", "group"]),
        "head_norm": st.sampled_from(["layer", {"kind": "batch", "eps": 1e-3, "momentum": 0.01}]),
        "init": st.sampled_from(["kaiming_normal", "orthogonal", "looks_linear"]),
        "kinds": st.sampled_from([{"linear": {"bias": False}}, {"linear": {"init": "default"}}]),
        "aux": st.builds(
            lambda weight: {"side": {"from": "a", "weight": weight, "head": ends}}, st.sampled_from([0, 1])
        ),
        "act": st.sampled_from(["tanh", "silu"]),
        "bias": st.booleans(),
        "dropout": st.just(0.3),
        "stochastic_depth": st.just(0.5),
        "width": st.sampled_from([0.5, 2.0]),
        "divisor": st.integers(1, 2),
        "depth": st.sampled_from([0.5, 2.0]),
        "depth_rounding": st.sampled_from(["up", "down", "nearest"]),
    }
    said = st.fixed_dictionaries({"body": stacks(), "head": st.just(ends)}, optional=around)
    said = said.map(_rarely_refused).map(lambda raw: raw | {"head": hidden} if "head_norm" in raw else raw)
    return st.builds(_with_own, said, blocks(1), st.booleans())


def _rarely_refused(raw: dict[str, Any]) -> dict[str, Any]:
    """The network without a setting that it is refused for where none of its blocks takes it."""
    takes = any("stochastic_depth" in KINDS[block["block"]].model_fields for block in raw["body"].values())
    return raw if takes else {key: value for key, value in raw.items() if key != "stochastic_depth"}


def _with_own(raw: dict[str, Any], block: dict[str, Any], there: bool) -> dict[str, Any]:
    """The network with `block` at its end, written as a block of its own whose numbers are parameters."""
    if "depth" in raw:  # which multiplies what says how often it is there
        raw["body"]["a"] = {"repeat": 2, **raw["body"]["a"]}
    if not there:
        return raw
    params = {key: value for key, value in block.items() if type(value) is int}
    root = {**block, **{key: f"${key}" for key in params}}
    own = {"own": {"params": params, **root}}
    return {**raw, "blocks": own, "body": {**raw["body"], "z": {"block": "own"}}}


def _is_count(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated and get_args(annotation)[0] is int


def values(annotation: Any, metadata: list[Any], depth: int) -> st.SearchStrategy[Any]:
    """Values that YAML may have where a field is annotated so."""
    origin, args = get_origin(annotation), get_args(annotation)
    if any(isinstance(m, Sized) for m in metadata) and annotation is int:
        return st.sampled_from([1, 3, 4, 8, 16, 64])
    if origin is Annotated:
        inner, *marks = args
        marks = [m for mark in marks for m in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return values(inner, [*marks, *metadata], depth)
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        if args[-1] is Ellipsis and get_origin(args[0]) is Annotated and get_args(args[0])[0] is int:
            return st.lists(values(args[0], [], depth), min_size=1, max_size=3)
        if args[-1] is Ellipsis:
            if get_origin(args[0]) is tuple and _is_count(get_args(args[0])[1]):
                return st.just({"a": 2})  # copies of a branch
            if get_origin(args[0]) is tuple:  # of (name, stack): branches
                return st.dictionaries(st.sampled_from("abc"), blocks(depth + 1) | stacks(depth + 1), max_size=3)
            return stacks(depth + 1)
        together = st.tuples(*(values(arg, [], depth) for arg in args)).map(list)
        return together | values(args[0], [], depth) if len(args) == 2 and len(set(args)) == 1 else together
    if args:  # a union
        return st.one_of(values(arg, [], depth) for arg in args if arg is not type(None))
    if any(mark is _ratio or getattr(mark, "func", None) is _ratio for mark in metadata):
        return st.sampled_from([1, 2, 1.5, 4])
    if annotation is ActSettings:
        return st.sampled_from([{"kind": "leaky_relu", "slope": 0.1}, {"kind": "prelu"}, {"kind": "elu", "alpha": 0.5}])
    if annotation is ScaleSettings:
        return st.sampled_from([0.5, {"factor": 0.5, "learned": "channel"}])
    if annotation is Squeeze:
        return st.sampled_from([2, {"ratio": 2, "of": "input"}, {"ratio": 1.5, "divisor": 2, "place": "inner"}])
    if annotation is NormSettings:
        kinds = get_args(NormSettings.model_fields["kind"].annotation)
        told = [{"kind": "group", "groups": 2}, {"kind": "batch", "eps": 1e-3, "momentum": 0.01}]
        return st.sampled_from([*kinds, *told])
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        least = max([getattr(m, "ge", 0) or 0 for m in metadata], default=0)
        return st.integers(least, least + 2)
    if annotation is float:
        return st.sampled_from([0.0, 0.3])
    raise AssertionError(f"no values for {annotation}: teach tests/sample_networks.py")


def multiply_adds(net, x):
    """Those of a network's pass over `x`, and its output, by torch's own counter, windows taken as they are written."""
    with pytest.MonkeyPatch.context() as patch, FlopCounterMode(display=False) as counter, torch.no_grad():
        patch.setattr(Conv2d, "forward", nn.Conv2d.forward)
        out = net.eval()(x)
    return counter.get_total_flops() // 2, out
