"""What a block is: a frozen record of settings that can build itself for the shape it is given.

A stack of blocks is again such a thing, so networks nest without a further idea. torch is imported inside the functions
that build: composing and checking settings must not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol

from pydantic import Field

from cnnlab.settings import Settings, Shape

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
class Sized:
    """Marks a width: `classes` may stand there, and the model-wide `width` multiplies it where it is `scaled`."""

    scaled: bool


Width = Annotated[int, Field(ge=1, strict=True), Sized(scaled=True)]
Features = Annotated[int, Field(ge=1, strict=True), Sized(scaled=False)]


class Block(Settings):
    """Base of all kinds. A kind sets `block` to its name and says how to `build` itself; shapes follow from that."""

    block: str
    later: ClassVar[dict[str, Any]] = {"stride": 1}
    """settings of the second and later copies under `repeat`: only the first one strides"""

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


def chain(shape: Shape, parts: Mapping[str, Part]) -> nn.Sequential:
    """Build `parts` in order, handing each the shape the one before it leaves."""
    from torch import nn

    net = nn.Sequential()
    for name, part in parts.items():
        with inside(name):
            check_name(name)
            net.add_module(name, part.build(shape))
            shape = part.shape(shape)
    return net


def check_name(name: str) -> None:
    """Raise a Misfit where a module of this name would hide what torch's own containers have."""
    from torch import nn

    if hasattr(nn.Sequential, name) or hasattr(nn.ModuleDict, name) or name in vars(nn.Module()):
        raise Misfit(f"the name {name!r} is taken by torch's own modules; give it another", "name")


def after(shape: Shape, parts: Mapping[str, Part]) -> Shape:
    """The shape that `parts`, in order, leave of `shape`."""
    for name, part in parts.items():
        with inside(name):
            shape = part.shape(shape)
    return shape


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
