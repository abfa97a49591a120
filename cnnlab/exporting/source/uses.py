"""The modules of a network that become classes: what kind each is, and the numbers that it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.blocks import modules as own
from cnnlab.blocks.block import Block, Sized
from cnnlab.blocks.merge import Scope, inner_stacks
from cnnlab.blocks.meta import on_meta
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.stack import Stack, Stage
from cnnlab.exporting.source.tree import has_own_forward, is_numbered
from cnnlab.settings import Shape

UNIT = ("pad", "conv", "linear", "norm", "act", "dropout")
"""names of the layers that one convolution or linear layer comes with"""
UNNAMED = {own.Skipped: "skip", own.Preactivated: "preactivated", own.Branches: "parallel", own.Gated: "squeeze_excite"}
"""what modules are called that are no block of their own"""
LEVELED = ("conv", "linear", "depthwise_conv", "sequential")
"""kinds whose modules are layers one after another, written where they stand"""


@dataclass(frozen=True)
class Known:
    """What the network's records say of a module."""

    kind: str
    record: Block
    params: Mapping[str, Any] = field(default_factory=dict)
    """of a block that YAML defines: the parameters that it was given"""


@dataclass(eq=False)
class Use:
    """A module that is made by a class."""

    module: nn.Module
    kind: str
    known: Known | None
    channels: tuple[int, ...]
    """that it takes, and that it leaves; fewer where they are not those of images"""
    is_real: bool
    """whether it is in the network, and not in what was built to see how numbers depend on settings"""

    @property
    def record(self) -> Block | None:
        """The record of a kind that ships; what YAML defines has parameters of its own."""
        known = self.known
        is_shipped = known and known.kind == known.record.block and not isinstance(known.record, Scope)
        return known.record if known and is_shipped else None


@dataclass(frozen=True)
class Tree:
    """A module with everything in it."""

    root: nn.Module
    known: Mapping[nn.Module, Known]
    channels: Mapping[nn.Module, tuple[int, ...]]
    is_real: bool

    def uses(self) -> Iterator[Use]:
        for module in self.root.modules():
            if is_class(module, known := self.known.get(module)):
                kind = "single layer" if is_unit(module) else known.kind if known else UNNAMED.get(type(module), "body")
                yield Use(module, kind, known, self.channels.get(module, ()), self.is_real)


def is_unit(module: nn.Module) -> bool:
    """Whether it is a convolution or a linear layer with what comes before and after it."""
    names = set(module._modules)
    return (
        isinstance(module, nn.Sequential) and len(names) > 1 and names <= set(UNIT) and bool(names & {"conv", "linear"})
    )


def is_class(module: nn.Module, known: Known | None) -> bool:
    """Whether it becomes a use of a class, where there are enough that are alike."""
    if has_own_forward(module) or is_unit(module):
        return True
    named = isinstance(module, nn.Sequential) and not is_numbered(module)
    return named and known is not None and known.kind not in LEVELED


def known_modules(module: nn.Module, stack: Stack, params: Mapping[str, Any], path: str = "") -> dict[nn.Module, Known]:
    """What the records of a stack say of the modules that were built from it; `params` by address."""
    known: dict[nn.Module, Known] = {}
    for stage in stack:
        copies = module._modules[stage.name]
        assert copies is not None
        for name, record in stage.parts.items():
            part, address = copies._modules[name], f"{path}{stage.name}.{name}"
            assert part is not None
            known[part] = Known(stage.kind_of(name), record, params.get(address, {}))
            for place, inner in inner_stacks(record).items():
                holder = part
                for step in place.removeprefix("branches.").split(".") if place != "body" else []:
                    holder = holder._modules[step]  # type: ignore[assignment,union-attr]
                if isinstance(part, own.Skipped):
                    holder = part.body
                known |= known_modules(holder, inner, params, f"{address}.{place}.")  # type: ignore[arg-type]
    return known


def channels(root: nn.Module, shape: Shape) -> dict[nn.Module, tuple[int, ...]]:
    """Of every module, the channels that it takes and leaves, by a pass on the meta device."""
    seen: dict[nn.Module, tuple[int, ...]] = {}

    def note(module: nn.Module, args: Any, out: Any) -> None:
        tensors = [x for x in (*args, out) if isinstance(x, Tensor) and x.dim() == 4]
        seen[module] = tuple(x.shape[1] for x in tensors)

    handles = [module.register_forward_hook(note) for module in root.modules()]
    try:
        with on_meta():
            root.eval()(torch.empty(1, *shape))
    finally:
        for handle in handles:
            handle.remove()
    return seen


# -- the settings of a block, as numbers


def numbers(record: Block) -> dict[str, Any]:
    """Its settings that are numbers; a pair of the same is one, and parts of others are called `b3[0]`."""
    found: dict[str, Any] = {}
    for name in type(record).model_fields:
        value = getattr(record, name)
        if not any(isinstance(mark, Sized) for mark in type(record).model_fields[name].metadata):
            value = plain_number(value)
        if name == "shared":  # of which modules know more
            continue
        if isinstance(value, bool | int | float):
            found[name] = value
        elif isinstance(value, tuple) and value and all(type(n) is int for n in value):
            found |= {name: value, **{f"{name}[{i}]": n for i, n in enumerate(value)}}
    return found


def plain_number(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1] else value


def required(record: Block) -> list[str]:
    return [name for name, info in type(record).model_fields.items() if info.is_required()]


# -- the same kind with other settings

MOST_COMBINED = 16
"""of the values of optional settings"""


def probes(record: Block, shape: Shape, varied: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Block, Shape]]:
    """Records and shapes that show how the modules of a kind depend on its settings and on the channels that come in.

    `varied` are the values that optional settings have in the network.
    """
    wider = (2 * shape[0], *shape[1:])
    if isinstance(record, Scope):
        yield from ((record, shape), (record, wider))
        return
    changed = [{name: changed} for name in required(record) for changed in _changed(getattr(record, name))]
    same = [{"channels": shape[0]}] if type(getattr(record, "channels", None)) is int else []
    combined = [dict(zip(varied, values, strict=True)) for values in product(*varied.values())][:MOST_COMBINED]
    for settings in combined:
        for change in ({}, *same):
            yield record.model_copy(update={**settings, **change}), shape
        yield record.model_copy(update=settings), wider
    for settings in combined[:2]:
        for change in changed:
            yield record.model_copy(update={**settings, **change}), shape
            yield record.model_copy(update={**settings, **change}), wider


def _changed(value: Any) -> Iterator[Any]:
    """Twice a number, and twice each of several."""
    if type(value) is int:
        yield 2 * value
    elif isinstance(value, tuple) and all(type(n) is int for n in value):
        for i, n in enumerate(value):
            yield (*value[:i], 2 * n, *value[i + 1 :])


def probe_tree(known: Known, shape: Shape) -> Tree | None:
    """A block as it would be with these settings; None where they do not go together."""
    try:
        with on_meta():
            module = known.record.build(shape)
        return Tree(module, {**_inside(module, known.record), module: known}, channels(module, shape), is_real=False)
    except (Misfit, ValueError, ZeroDivisionError, RuntimeError):
        return None


def _inside(module: nn.Module, record: Block) -> dict[nn.Module, Known]:
    """What the records in a combinator say of the modules in it."""
    stage = Stage("block", (record,))
    return known_modules(nn.ModuleDict({"block": nn.ModuleDict({"0": module})}), (stage,), {})
