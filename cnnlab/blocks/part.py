"""Parts, which networks are made of: each builds a module for the shape that it takes, or raises Misfit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import PlainValidator

from cnnlab.registry import returned
from cnnlab.settings import LARGEST, Positive, Shape, shown
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


def _ratio(value: Any) -> Any:
    if type(value) not in (int, float) or not 0 < value < LARGEST:
        raise ValueError(f"should be a number above 0, not {shown(value)}")
    return value


Ratio = Annotated[float, PlainValidator(_ratio, json_schema_input_type=Positive)]
"""what channels are divided by or multiplied with; not always whole, as the inner widths of papers are not"""


def divided(value: int, by: float, names: tuple[str, str]) -> int:
    """value / by. Raises Misfit, naming both, where that is not whole."""
    if isinstance(by, int):
        return whole(value, by, names)
    result = value / by
    if abs(result - round(result)) > 1e-6 or result < 1:
        raise Misfit(f"{names[0]} ({value}) divided by {names[1]} ({by:g}) are {result:g}: not whole")
    return round(result)


def times(value: int, by: float, names: tuple[str, str]) -> int:
    """value · by. Raises Misfit, naming both, where that is not whole."""
    result = value * by
    if abs(result - round(result)) > 1e-6 or result < 1:
        raise Misfit(f"{names[1]} ({by:g}) times {names[0]} ({value}) are {result:g}: not whole")
    return round(result)


def divisible(wide: float, divisor: int) -> int:
    """The multiple of `divisor` that is nearest, of two the larger, and never under nine tenths of `wide`.

    As torchvision's _make_divisible has it, after the MobileNets of tensorflow/models (Howard et al. 2017,
    arXiv:1704.04861).
    """
    rounded = max(divisor, int(wide + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wide else rounded


def image(shape: Shape, kind: str) -> tuple[int, int, int]:
    """`shape` as (C, H, W), or a Misfit where it is flat."""
    if len(shape) != 3:
        raise Misfit(f"{kind} takes an image (channels × rows × columns), gets {dims(shape)} numbers", "image")
    return shape[0], shape[1], shape[2]
