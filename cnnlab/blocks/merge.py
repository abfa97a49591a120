"""Branches and shortcuts: what runs beside each other, and how it is joined again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, SerializationInfo

from cnnlab.blocks.base import (
    Block,
    Inherits,
    Misfit,
    Part,
    Stage,
    after,
    chain,
    check_name,
    image,
    inside,
    sized,
    stack_parts,
)
from cnnlab.blocks.conv import Conv, Convolutional
from cnnlab.blocks.norm import NO_NORM, Norm
from cnnlab.settings import Fraction, Shape

if TYPE_CHECKING:
    from torch import nn

Merge = Literal["concat", "add", "mul", "mean", "max"]
Shortcut = Literal["auto", "identity", "conv", "none"]


def _stack(value: Any) -> Any:
    """Blocks by name, as Python code writes a stack, or lists of copies by name, as a dumped record has them.

    What a network's YAML says is expanded before it comes here.
    """
    if isinstance(value, dict):
        return tuple(_stage(name, part) for name, part in value.items())
    return value


def _stage(name: str, part: Any) -> Any:
    from cnnlab.blocks import KINDS

    if isinstance(part, list):
        return Stage(name, tuple(KINDS[copy["block"]].model_validate(copy) for copy in part))
    return Stage(name, (part,)) if isinstance(part, Block) else part


def _dumped(stack: tuple[Stage, ...], info: SerializationInfo) -> dict[str, list[dict]]:
    return {stage.name: [copy.model_dump(mode=info.mode) for copy in stage.copies] for stage in stack}


def _branches_dumped(branches: tuple[tuple[str, tuple[Stage, ...]], ...], info: SerializationInfo) -> dict[str, Any]:
    return {name: _dumped(stack, info) for name, stack in branches}


def _branches(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _stack(stack)) for name, stack in value.items())
    return value


StackField = Annotated[tuple[InstanceOf[Stage], ...], BeforeValidator(_stack), PlainSerializer(_dumped)]
BranchesField = Annotated[
    tuple[tuple[str, tuple[InstanceOf[Stage], ...]], ...],
    BeforeValidator(_branches),
    PlainSerializer(_branches_dumped),
]


class Scope(Convolutional):
    """A combinator's own norm, act, bias, init and dropout hold for the blocks within that do not set theirs."""

    head_norm: Annotated[Norm, Inherits("head_norm")] = NO_NORM
    """normalisation of the linear layers within"""
    dropout: Annotated[Fraction | None, Inherits("dropout")] = None
    """dropout of the blocks within"""


class Sequential(Scope):
    """Blocks one after another, as one block."""

    block: Literal["sequential"] = "sequential"
    body: StackField
    """the blocks, by name"""

    def build(self, shape: Shape) -> nn.Module:
        with inside("body"):
            return chain(shape, stack_parts(self.body))


class Parallel(Scope):
    """Branches that see the same input, joined again: concat (on channels), add, mul, mean or max."""

    block: Literal["parallel"] = "parallel"
    branches: BranchesField
    """stacks of blocks, by name"""
    merge: Merge = "concat"
    """how the branches are joined"""

    def build(self, shape: Shape) -> nn.Module:
        with inside("branches"):
            return beside(shape, {name: stack_parts(stack) for name, stack in self.branches}, self.merge)


class Skip(Scope):
    """A body beside a shortcut, added: x + f(x), shape as the body's.

    He et al. 2015, arXiv:1512.03385, eq. 1 and 2. No activation follows; put an `act` block after it where one should.
    """

    block: Literal["skip"] = "skip"
    body: StackField
    """the blocks beside the shortcut, by name"""
    shortcut: Shortcut = "auto"
    """auto: the identity where the shape stays, else a 1×1 convolution; none: no shortcut, a plain network"""

    def build(self, shape: Shape) -> nn.Module:
        return shortened(shape, stack_parts(self.body), self.shortcut, self.conv(1))


def beside(shape: Shape, branches: Mapping[str, Mapping[str, Part]], merge: Merge = "concat") -> nn.Module:
    """Branches over one input, joined by `merge`. Raises Misfit where they end at different sizes."""
    from cnnlab.blocks.modules import Branches

    if not branches:
        raise Misfit("there is no branch to run")
    modules, ends = {}, {}
    for name, parts in branches.items():
        with inside(name):
            check_name(name)
            modules[name], ends[name] = chain(shape, parts), after(shape, parts)
    if len({end[1:] if merge == "concat" else end for end in ends.values()}) > 1:
        said = ", ".join(f"{name} {sized(end)}" for name, end in ends.items())
        raise Misfit(f"branches to {merge} end at different sizes: {said}")
    return Branches(modules, merge)


def shortened(
    shape: Shape, body: Mapping[str, Part], shortcut: Shortcut, conv: Conv, act: nn.Module | None = None
) -> nn.Module:
    """`body` beside a shortcut, added, then `act`; of `conv` only the norm, bias and initialisation are taken."""
    from torch import nn

    from cnnlab.blocks.modules import Skipped

    with inside("body"):
        module, end = chain(shape, body), after(shape, body)
    if shortcut == "none":
        return Skipped(module, None, act)
    if end == shape and shortcut != "conv":
        return Skipped(module, nn.Identity(), act)
    if shortcut == "identity":
        raise Misfit(
            f"an identity shortcut needs a body that keeps the shape; this makes {sized(end)} of {sized(shape)}"
        )
    return Skipped(module, projection(shape, end, conv).build(shape), act)


def projection(shape: Shape, end: Shape, conv: Conv) -> Conv:
    """The 1×1 convolution from `shape` to `end`: He et al. 2015, arXiv:1512.03385, §3.3, option B. Raises Misfit."""
    _, rows, columns = image(shape, "a convolutional shortcut")
    _, *size = image(end, "a convolutional shortcut")
    stride = (-(-rows // size[0]), -(-columns // size[1]))
    project = conv.model_copy(
        update={"channels": end[0], "kernel_size": (1, 1), "stride": stride, "padding": "valid", "act": "none"}
    )
    if project.shape(shape) != end:
        raise Misfit(f"no stride of a 1×1 shortcut makes {sized(end)}, as the body does, of {sized(shape)}")
    return project
