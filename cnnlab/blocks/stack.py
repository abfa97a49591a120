"""Stacks of blocks: named stages one after another, some of which take what earlier ones left.

A stack of blocks is again a part, so networks nest without a further idea. `walk` is the one place that knows which
stages a stage takes; modules are built, shapes inferred and networks described by walking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit, Part, build_part, inside
from cnnlab.settings import Shape
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import nn

Merge = Literal["concat", "add", "mul", "mean", "max"]


@dataclass(frozen=True)
class Stage:
    """A named place in a stack: one block or several copies of it, and what closes them."""

    name: str
    copies: tuple[Block, ...]
    sources: tuple[str, ...] = ()
    """names of the earlier blocks whose outputs it takes, or `input`, the stack's own; none: the block before it"""
    join: Merge = "concat"
    """how the outputs of several sources become one"""
    kind: str = field(default="", compare=False)
    """the word after `block:`, where that is the name of a block written in YAML"""

    @property
    def parts(self) -> dict[str, Block]:
        """Copies are numbered also when there is one, so that a change of depth renames no weight."""
        return {**{str(i): copy for i, copy in enumerate(self.copies)}, **self.copies[-1].closing()}

    def kind_of(self, part: str) -> str:
        """The word after `block:` of a part: a block written in YAML names its copies, but not what closes them."""
        return self.kind if self.kind and part.isdigit() else self.parts[part].block

    def build(self, shape: Shape) -> nn.Module:
        with self._any_copy():
            return chain(shape, self.parts)

    def shape(self, shape: Shape) -> Shape:
        with self._any_copy():
            return after(shape, self.parts)

    @contextmanager
    def _any_copy(self) -> Iterator[None]:
        """Take a copy's number off the path of its misfit: its settings stand under the stage's name."""
        try:
            yield
        except Misfit as misfit:
            raise Misfit(misfit.message, misfit.cause, misfit.path[1:]) from None


Stack = tuple[Stage, ...]


def stack_parts(stack: Stack) -> dict[str, Stage]:
    return {stage.name: stage for stage in stack}


T = TypeVar("T")
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Walked(Generic[T]):
    """What a walk through a stack ended with."""

    by_name: dict[str, T]
    """what each part left; `input` is what the stack took"""
    last: T


def walk(
    parts: Mapping[str, P],
    start: T,
    join: Callable[[Merge, Sequence[tuple[str, T]]], T],
    step: Callable[[str, P, T], T],
) -> Walked[T]:
    """Carry something through a stack, part by part: shapes, or whatever else is known of what flows there.

    A part takes what the one before it left, or the outputs of its `sources`, which `join` makes one; `step` says what
    the part leaves of that. A Misfit gets the part's name.

    >>> stages = {"a": Stage("a", ()), "b": Stage("b", (), sources=("input", "a"))}
    >>> walk(stages, 1, join=lambda _, values: sum(value for _, value in values), step=lambda *step: step[2] * 10)
    Walked(by_name={'input': 1, 'a': 10, 'b': 110}, last=110)
    """
    left, last = {"input": start}, start
    for name, part in parts.items():
        with inside(name):
            check_name(name)
            sources = getattr(part, "sources", ())
            if sources:
                last = join(getattr(part, "join", "concat"), [(source, left[source]) for source in sources])
            left[name] = last = step(name, part, last)
    return Walked(left, last)


def joined_shape(merge: Merge, shapes: Sequence[tuple[str, Shape]], noun: str = "sources") -> Shape:
    """The shape that several, with their names, have once they are joined. Raises Misfit where they do not fit."""
    first = shapes[0][1]
    if merge == "mul" and len({len(shape) for _, shape in shapes}) == 1:
        axes = [set(axis) for axis in zip(*(shape for _, shape in shapes), strict=True)]
        if all(len(axis - {1}) <= 1 for axis in axes):  # 1×1 positions stand for all, and so does one channel
            return tuple(max(axis) for axis in axes)
    if len({shape[1:] if merge == "concat" else shape for _, shape in shapes}) > 1:
        listed = ", ".join(f"{name} {dims(shape)}" for name, shape in shapes)
        raise Misfit(f"{noun} to {merge} end at different sizes: {listed}")
    return (sum(shape[0] for _, shape in shapes), *first[1:]) if merge == "concat" else first


def shapes(shape: Shape, parts: Mapping[str, Part]) -> Walked[Shape]:
    """The shapes that `parts` leave, of an input of `shape`. Raises Misfit."""
    return walk(parts, shape, joined_shape, lambda _, part, taken: part.shape(taken))


def after(shape: Shape, parts: Mapping[str, Part]) -> Shape:
    """The shape that `parts`, in order, leave of `shape`. Raises Misfit."""
    return shapes(shape, parts).last


def chain(shape: Shape, parts: Mapping[str, Part]) -> nn.Sequential:
    """Build `parts` in order, handing each the shape the one before it leaves, or its sources do. Raises Misfit."""
    return chain_and_shapes(shape, parts)[0]


def chain_and_shapes(shape: Shape, parts: Mapping[str, Part]) -> tuple[nn.Sequential, Walked[Shape]]:
    """The same, and the shapes that the parts leave. Raises Misfit."""
    from cnnlab.blocks.modules import Chain

    net = Chain()

    def build(name: str, part: Part, taken: Shape) -> Shape:
        net.append_as(name, build_part(part, taken), getattr(part, "sources", ()), getattr(part, "join", "concat"))
        return part.shape(taken)

    return net, walk(parts, shape, joined_shape, build)


def check_name(name: str) -> None:
    """Raise a Misfit where a module of this name would hide what torch's own containers have."""
    from torch import nn

    from cnnlab.blocks.modules import Chain

    if hasattr(Chain, name) or hasattr(nn.ModuleDict, name) or name in vars(nn.Module()):
        raise Misfit(f"the name {name!r} is taken by torch's own modules; give it another", "name")
