"""Networks for tests: small ones as settings, those of conf/model, and random blocks made from kinds' own fields."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo
from small import CONF

from cnnlab.blocks import KINDS
from cnnlab.blocks.base import Sized
from cnnlab.blocks.norm import NormSettings
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.network.expand import read_network
from cnnlab.network.spec import Network

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


def settings_of(kind: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """What YAML may say of a block of `kind`, from the types of its fields; most, but not all of it, can be built."""
    fields = {name: info for name, info in KINDS[kind].model_fields.items() if name != "block"}
    needed = {
        name: values(info.annotation, info.metadata, depth) for name, info in fields.items() if info.is_required()
    }
    others = {
        name: values(info.annotation, info.metadata, depth) for name, info in fields.items() if name not in needed
    }
    return st.fixed_dictionaries({"block": st.just(kind), **needed}, optional=others)


def blocks(depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Any block; combinators within combinators only so deep."""
    kinds = [kind for kind in KINDS if depth < 2 or not {"body", "branches"} & set(KINDS[kind].model_fields)]
    return st.sampled_from(kinds).flatmap(lambda kind: settings_of(kind, depth))


def stacks(depth: int = 0, most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from("abcdef"), blocks(depth), min_size=1, max_size=most)


def values(annotation: Any, metadata: list[Any], depth: int) -> st.SearchStrategy[Any]:
    """Values that YAML may have where a field is annotated so."""
    origin, args = get_origin(annotation), get_args(annotation)
    if any(isinstance(m, Sized) for m in metadata) and annotation is int:
        return st.sampled_from([1, 2, 3, 4, 8, 64])
    if origin is Annotated:
        inner, *marks = args
        marks = [m for mark in marks for m in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return values(inner, [*marks, *metadata], depth)
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        if args[-1] is Ellipsis:
            if get_origin(args[0]) is tuple:  # of (name, stack): branches
                return st.dictionaries(st.sampled_from("abc"), blocks(depth + 1) | stacks(depth + 1), max_size=3)
            return stacks(depth + 1)
        together = st.tuples(*(values(arg, [], depth) for arg in args)).map(list)
        return together | values(args[0], [], depth) if len(args) == 2 and len(set(args)) == 1 else together
    if args:  # a union
        return st.one_of(values(arg, [], depth) for arg in args if arg is not type(None))
    if annotation is NormSettings:
        kinds = get_args(NormSettings.model_fields["kind"].annotation)
        return st.sampled_from([*kinds, {"kind": "group", "groups": 2}])
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        least = max([getattr(m, "ge", 0) or 0 for m in metadata], default=0)
        return st.integers(least, least + 2)
    if annotation is float:
        return st.sampled_from([0.0, 0.3])
    raise AssertionError(f"no values for {annotation}: teach tests/nets.py")
