"""Branches and shortcuts: what runs beside each other, and how it is joined again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, SerializationInfo, model_validator

from cnnlab.blocks.block import Added, Block, Inherits, Spread
from cnnlab.blocks.conv import Conv, Convolutional
from cnnlab.blocks.norm import NO_NORM, Act, Norm, act_layer
from cnnlab.blocks.part import Misfit, Part, image, inside
from cnnlab.blocks.pool import AvgPool
from cnnlab.blocks.scaling import ScaleField, ScaleSettings
from cnnlab.blocks.stack import (
    Merge,
    Stack,
    Stage,
    chain,
    chain_and_shapes,
    check_name,
    joined_shape,
    stack_parts,
)
from cnnlab.errors import near
from cnnlab.settings import Count, Fraction, Shape
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import nn

    from cnnlab.blocks.modules import Skipped

Shortcut = Literal["auto", "identity", "identity_or_none", "conv", "pool", "pad", "none"]


def _stack(value: Any) -> Any:
    """Blocks by name, as Python code writes a stack, or lists of copies by name, as a dumped record has them.

    What a network's YAML says is expanded before it comes here.
    """
    if isinstance(value, dict):
        return tuple(_stage(name, part) for name, part in value.items())
    return value


def _stage(name: str, part: Any) -> Any:
    if isinstance(part, dict):
        return replace(_stage(name, part["copies"]), sources=tuple(part["from"]), join=part["join"])
    if isinstance(part, list):
        return Stage(name, tuple(Block.registry[copy["block"]].model_validate(copy) for copy in part))
    return Stage(name, (part,)) if isinstance(part, Block) else part


def _dumped(stack: tuple[Stage, ...], info: SerializationInfo) -> dict[str, Any]:
    def copies(stage: Stage) -> list[dict[str, Any]]:
        return [copy.model_dump(mode=info.mode) for copy in stage.copies]

    return {
        stage.name: {"from": list(stage.sources), "join": stage.join, "copies": copies(stage)}
        if stage.sources
        else copies(stage)
        for stage in stack
    }


def _branches_dumped(branches: tuple[tuple[str, tuple[Stage, ...]], ...], info: SerializationInfo) -> dict[str, Any]:
    return {name: _dumped(stack, info) for name, stack in branches}


def _branches(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _stack(stack)) for name, stack in value.items())
    return value


StackField = Annotated[
    tuple[InstanceOf[Stage], ...],
    BeforeValidator(_stack, json_schema_input_type=dict[str, Any]),
    PlainSerializer(_dumped),
]
BranchesField = Annotated[
    tuple[tuple[str, tuple[InstanceOf[Stage], ...]], ...],
    BeforeValidator(_branches, json_schema_input_type=dict[str, Any]),
    PlainSerializer(_branches_dumped),
]


Rate = Annotated[Fraction | None, Spread("stochastic_depth")]


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


def _copies(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


Copies = Annotated[
    tuple[tuple[str, Annotated[int, Field(ge=1, le=64, strict=True)]], ...],
    BeforeValidator(_copies, json_schema_input_type=dict[str, Count]),
    PlainSerializer(dict),
]


class Parallel(Scope):
    """Branches that see the same input, joined again: concat (on channels), add, mul, mean or max.

    Where maps are multiplied, one of 1×1 positions, or of one channel, is taken for all of them: a gate.
    """

    block: Literal["parallel"] = "parallel"
    branches: BranchesField
    """stacks of blocks, by name"""
    merge: Merge = "concat"
    """how the branches are joined"""
    copies: Annotated[Copies, Added()] = ()
    """how often a branch is there, {conv: 4}: the second one is called conv_2, and so on"""
    drop_path: Annotated[Fraction, Added()] = 0.0
    """of a mean: how likely a branch is left out in training; one always stays (arXiv:1605.07648, §4)"""

    @model_validator(mode="after")
    def _known(self) -> Parallel:
        if self.drop_path and self.merge != "mean":
            raise ValueError(f"drop_path leaves out branches of a mean, not of {self.merge}")
        for name, _ in self.copies:
            if name not in dict(self.branches):
                raise ValueError(f"copies: there is no branch {name!r}{near(name, dict(self.branches))}")
        return self

    @property
    def paths(self) -> dict[str, Stack]:
        """The branches by name, those with copies as often as they are there."""
        times = dict(self.copies)
        return {
            name if i == 1 else f"{name}_{i}": stack
            for name, stack in self.branches
            for i in range(1, times.get(name, 1) + 1)
        }

    def build(self, shape: Shape) -> nn.Module:
        with inside("branches"):
            branches = {name: stack_parts(stack) for name, stack in self.paths.items()}
            return build_branches(shape, branches, self.merge, self.drop_path)


class Skip(Scope):
    """A body beside a shortcut, added: x + f(x), shape as the body's.

    He et al. 2015, arXiv:1512.03385, eq. 1 and 2. No activation follows, unless `sum_act` says so.
    """

    block: Literal["skip"] = "skip"
    body: StackField
    """the blocks beside the shortcut, by name"""
    shortcut: Shortcut = "auto"
    """auto: the identity where the shape stays, else a 1×1 convolution; pool: there an average pool before it; pad:
    zeros for the channels that are missing; identity_or_none: where the shape stays, else nothing; none: no shortcut, a
    plain network"""
    stochastic_depth: Rate = None
    """share of the images for which the body is left out in training; as the network's unless said"""
    scale: Annotated[ScaleField | None, Added()] = None
    """what the body is multiplied with before it is added: a number, or {factor: 0.1, learned: channel}"""
    sum_act: Annotated[Act, Added()] = "none"
    """activation of the sum"""

    def build(self, shape: Shape) -> nn.Module:
        body, act = stack_parts(self.body), self.sum_act
        return build_skip(shape, body, self.shortcut, self.conv(1), act, self.stochastic_depth, self.scale)


def inner_stacks(block: Block) -> dict[str, Stack]:
    """The stacks that a combinator is made of, by where YAML has them: "body", "branches.b1"; none of other kinds."""
    match block:
        case Sequential(body=body) | Skip(body=body):
            return {"body": body}
        case Parallel():
            return {f"branches.{name}": stack for name, stack in block.paths.items()}
    return {}


def build_branches(
    shape: Shape, branches: Mapping[str, Mapping[str, Part]], merge: Merge = "concat", drop_path: float = 0.0
) -> nn.Module:
    """Branches over one input, joined by `merge`. Raises Misfit where they end at different sizes."""
    from cnnlab.blocks.modules import Branches

    if not branches:
        raise Misfit("there is no branch to run")
    modules, outputs = {}, {}
    for name, parts in branches.items():
        with inside(name):
            check_name(name)
            modules[name], left = chain_and_shapes(shape, parts)
            outputs[name] = left.last
    joined_shape(merge, list(outputs.items()), "branches")
    return Branches(modules, merge, drop_path)


def build_skip(
    shape: Shape,
    body: Mapping[str, Part],
    shortcut: Shortcut,
    conv: Conv,
    act: Act = "none",
    stochastic_depth: float | None = None,
    scale: ScaleSettings | None = None,
) -> Skipped:
    """`body`, scaled, beside a shortcut, added, then `act`; of `conv` its norm, bias and initialisation are taken."""
    from cnnlab.blocks.modules import Skipped

    with inside("body"):
        module, left = chain_and_shapes(shape, body)
    connection = build_shortcut(shape, left.last, shortcut, conv)
    drop = drop_path(stochastic_depth) if connection is not None or shortcut != "identity_or_none" else None
    check_drop(drop, connection)
    activation = act_layer(act, left.last[0], inplace=True)
    return Skipped(module, connection, activation, drop, scale and scale.build(left.last))


def check_drop(drop: nn.Module | None, shortcut: nn.Module | None) -> None:
    """Raise a Misfit where leaving out the body would leave nothing."""
    if drop is not None and shortcut is None:
        raise Misfit("stochastic_depth leaves out a body beside a shortcut; there is none")


def build_shortcut(shape: Shape, output: Shape, shortcut: Shortcut, conv: Conv) -> nn.Module | None:
    """The shortcut of a body that makes `output` of `shape`; None where there is to be none. Raises Misfit.

    He et al. 2015, arXiv:1512.03385, §3.3: `pad` is its option A, `auto` option B, `conv` option C. `pool` is ResNet-D
    of He et al. 2018, arXiv:1812.01187, §4.2.
    """
    from torch import nn

    if shortcut == "none":
        return None
    if output == shape and shortcut != "conv":
        return nn.Identity()
    if shortcut == "identity_or_none":
        return None
    if shortcut == "identity":
        raise Misfit(
            f"an identity shortcut needs a body that keeps the shape; this makes {dims(output)} of {dims(shape)}"
        )
    return {"pad": padded, "pool": pooled}.get(shortcut, projected)(shape, output, conv)


def projected(shape: Shape, output: Shape, conv: Conv) -> nn.Module:
    """A 1×1 convolution that strides."""
    return _projection(output, conv, _strides(shape, output)).build(shape)


def pooled(shape: Shape, output: Shape, conv: Conv) -> nn.Module:
    """An average pool that strides, then a 1×1 convolution."""
    stride = _strides(shape, output)
    if stride == (1, 1):
        return projected(shape, output, conv)
    pool = AvgPool(kernel_size=stride, ceil_mode=True, count_include_pad=False)
    return chain(shape, {"pool": pool, "project": _projection(output, conv, (1, 1))})


def padded(shape: Shape, output: Shape, _: Conv) -> nn.Module:
    """Positions left out, zeros for the channels that are missing."""
    from cnnlab.blocks.modules import PadShortcut

    if output[0] < shape[0]:
        raise Misfit(f"a padded shortcut adds channels; the body makes {output[0]} of {shape[0]}")
    return PadShortcut(_strides(shape, output), output[0] - shape[0])


def _strides(shape: Shape, output: Shape) -> tuple[int, int]:
    """The steps that make rows and columns of `shape` those of `output`. Raises Misfit where none do."""
    _, rows, columns = image(shape, "a convolutional shortcut")
    _, *size = image(output, "a convolutional shortcut")
    stride = (-(-rows // size[0]), -(-columns // size[1]))
    if [-(-rows // stride[0]), -(-columns // stride[1])] != size:
        raise Misfit(f"no stride of a 1×1 shortcut makes {dims(output)}, as the body does, of {dims(shape)}")
    return stride


def _projection(output: Shape, conv: Conv, stride: tuple[int, int]) -> Conv:
    return conv.model_copy(
        update={"channels": output[0], "kernel_size": (1, 1), "stride": stride, "padding": "valid", "act": "none"}
    )


def drop_path(rate: float | None) -> nn.Module | None:
    """What leaves out a body in training (Huang et al. 2016, arXiv:1603.09382); None where nothing does."""
    from cnnlab.blocks.modules import StochasticDepth

    return StochasticDepth(rate) if rate else None
