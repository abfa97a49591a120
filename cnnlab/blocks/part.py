"""Parts, which networks are made of: each builds a module for the shape that it takes, or raises Misfit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cnnlab.registry import returned
from cnnlab.settings import Shape
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import nn


class Part(Protocol):
    """What a stack is made of: a block, or several copies of one."""

    def build(self, shape: Shape) -> nn.Module: ...

    def shape(self, shape: Shape) -> Shape: ...


class Misfit(ValueError):
    """A block cannot take the shape it is given; `path` is where, from the outermost block inwards.

    `cause` is a word that callers act on: "vanishes" and "flat" have fixes worth trying, after a "norm" a walk goes on.
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


def build_part(part: Part, shape: Shape) -> nn.Module:
    """Build `part`. A module of a user's own keeps how it is made, for its weights to be started. Raises Misfit."""
    from torch import nn

    module = part.build(shape)
    if not isinstance(module, nn.Module):
        raise Misfit(returned(part, "build", module, "a torch module"))
    if not type(part).__module__.startswith("cnnlab."):
        module.remake = partial(part.build, shape)  # type: ignore[assignment]
    return module


def whole(value: int, by: int, names: tuple[str, str]) -> int:
    """value / by. Raises Misfit, naming both, where it leaves a remainder."""
    result, rest = divmod(value, by)
    if rest:
        raise Misfit(f"{names[1]} ({by}) must divide {names[0]} ({value})")
    return result


def image(shape: Shape, kind: str) -> tuple[int, int, int]:
    """`shape` as (C, H, W), or a Misfit where it is flat."""
    if len(shape) != 3:
        raise Misfit(f"{kind} takes an image (channels × rows × columns), gets {dims(shape)} numbers", "image")
    return shape[0], shape[1], shape[2]
