"""What a block is: a frozen record of settings that can build itself for the shape it is given.

A stack of blocks is again such a thing, so networks nest without a further idea. torch is imported inside the functions
that build: composing and checking settings must not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import Field

from cnnlab.registry import Registered, Registry, returned
from cnnlab.settings import Shape

if TYPE_CHECKING:
    from torch import nn


class Misfit(ValueError):
    """A block cannot take the shape it is given; `path` is where, from the outermost block inwards.

    `cause` is a word the planner acts on: "vanishes" and "flat" have fixes worth trying, after a "norm" it can go on.
    """

    def __init__(self, message: str, cause: str = "shape", path: tuple[str, ...] = ()):
        super().__init__(message)
        self.message, self.cause, self.path = message, cause, path


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Put `name` before the path of a misfit that comes from within."""
    try:
        yield
    except Misfit as misfit:
        raise Misfit(misfit.message, misfit.cause, (name, *misfit.path)) from None


class Part(Protocol):
    """What a stack is made of."""

    def build(self, shape: Shape) -> nn.Module: ...

    def shape(self, shape: Shape) -> Shape: ...


@dataclass(frozen=True)
class Inherits:
    """Marks a field that, where a block does not set it, takes the setting `name` of what encloses the block."""

    name: str


@dataclass(frozen=True)
class Spread:
    """Marks a rate that, where no block sets it, rises from 0 over the network's blocks to its setting `name`."""

    name: str


@dataclass(frozen=True)
class Sized:
    """Marks a width: `classes` may stand there, and the model-wide `width` multiplies it where it is `scaled`."""

    scaled: bool


Merge = Literal["concat", "add", "mul", "mean", "max"]

Width = Annotated[int, Field(ge=1, strict=True), Sized(scaled=True)]
Features = Annotated[int, Field(ge=1, strict=True), Sized(scaled=False)]


class Block(Registered):
    """Base of all kinds. A kind sets `block` to its name and says how to `build` itself; shapes follow from that."""

    registry: ClassVar[Registry[Block]] = Registry("block", key="block")

    block: str

    later: ClassVar[dict[str, Any]] = {"stride": 1}
    """settings of the second and later copies under `repeat`: only the first one strides"""

    def __hash__(self) -> int:
        """By its settings; by its kind alone where a user's kind has lists or mappings, which have no hash."""
        try:
            return hash((type(self), *vars(self).values()))
        except TypeError:
            return hash(type(self))

    def build(self, shape: Shape) -> nn.Module:
        """The module for an input of `shape`, without the batch axis. Raises Misfit."""
        raise NotImplementedError

    def shape(self, shape: Shape) -> Shape:
        """The shape it makes of `shape`, found by running its forward on the meta device. Raises Misfit."""
        from cnnlab.blocks.measure import measure

        return measure(self, shape).shape  # type: ignore[arg-type]

    def closing(self) -> dict[str, Block]:
        """What follows the last copy under `repeat`."""
        return {}


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


def stack_parts(stack: Stack) -> dict[str, Part]:
    return {stage.name: stage for stage in stack}


T = TypeVar("T")


class Flow(Generic[T]):
    """What runs through a stack, tensors or their shapes: what each block has left, by name."""

    def __init__(self, given: T):
        self.left, self.last = {"input": given}, given

    def sources(self, part: Any) -> list[tuple[str, T]]:
        """What `part` takes, and the name of where it comes from; one without a name where it is the block before."""
        return [(name, self.left[name]) for name in getattr(part, "sources", ())] or [("", self.last)]

    def put(self, name: str, value: T) -> None:
        self.left[name] = self.last = value


def entry(flow: Flow[Shape], part: Part) -> Shape:
    """The shape of what `part` takes in. Raises Misfit where its sources differ in size."""
    return met(getattr(part, "join", "concat"), flow.sources(part), "sources")


def met(merge: Merge, ends: Sequence[tuple[str, Shape]], noun: str = "branches") -> Shape:
    """The shape that `ends`, with their names, have once they are joined. Raises Misfit where they do not fit."""
    first = ends[0][1]
    if len({end[1:] if merge == "concat" else end for _, end in ends}) > 1:
        said = ", ".join(f"{name} {sized(end)}" for name, end in ends)
        raise Misfit(f"{noun} to {merge} end at different sizes: {said}")
    return (sum(end[0] for _, end in ends), *first[1:]) if merge == "concat" else first


def chain(shape: Shape, parts: Mapping[str, Part]) -> nn.Sequential:
    """Build `parts` in order, handing each the shape the one before it leaves, or its sources do."""
    from cnnlab.blocks.modules import Chain

    net, flow = Chain(), Flow(shape)
    for name, part in parts.items():
        with inside(name):
            check_name(name)
            given = entry(flow, part)
            net.append_as(name, made(part, given), getattr(part, "sources", ()), getattr(part, "join", "concat"))
            flow.put(name, part.shape(given))
    return net


def made(part: Part, shape: Shape) -> nn.Module:
    """Build `part`. A module of a user's own keeps how it is made, for its weights to be started. Raises Misfit."""
    from torch import nn

    module = part.build(shape)
    if not isinstance(module, nn.Module):
        raise Misfit(returned(part, "build", module, "a torch module"))
    if isinstance(part, Block) and not type(part).__module__.startswith("cnnlab."):
        module.remake = partial(part.build, shape)  # type: ignore[assignment]
    return module


def check_name(name: str) -> None:
    """Raise a Misfit where a module of this name would hide what torch's own containers have."""
    from torch import nn

    from cnnlab.blocks.modules import Chain

    if hasattr(Chain, name) or hasattr(nn.ModuleDict, name) or name in vars(nn.Module()):
        raise Misfit(f"the name {name!r} is taken by torch's own modules; give it another", "name")


def after(shape: Shape, parts: Mapping[str, Part]) -> Shape:
    """The shape that `parts`, in order, leave of `shape`."""
    flow = Flow(shape)
    for name, part in parts.items():
        with inside(name):
            flow.put(name, part.shape(entry(flow, part)))
    return flow.last


def whole(value: int, by: int, names: tuple[str, str]) -> int:
    """value / by. Raises Misfit, naming both, where it leaves a remainder."""
    result, rest = divmod(value, by)
    if rest:
        raise Misfit(f"{names[1]} ({by}) must divide {names[0]} ({value})")
    return result


def sized(shape: Shape) -> str:
    """
    >>> sized((6, 28, 24)), sized((400,))
    ('6×28×24', '400')
    """
    return "×".join(map(str, shape))


def image(shape: Shape, kind: str) -> tuple[int, int, int]:
    """`shape` as (C, H, W), or a Misfit where it is flat."""
    if len(shape) != 3:
        raise Misfit(f"{kind} takes an image (channels × rows × columns), gets {sized(shape)} numbers", "image")
    return shape[0], shape[1], shape[2]
