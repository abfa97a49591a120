"""Passes on torch's meta device: a module runs without memory, its multiply-adds and receptive fields are counted.

Nothing is allocated, and no second formula can disagree with what a module does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from cnnlab.blame import own_line
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.receptive_field import Field, aten, largest, window


@contextmanager
def on_meta() -> Iterator[None]:
    """For the time being, tensors are made on the meta device. Raises Misfit where 64 bits cannot hold their size."""
    try:
        with torch.device("meta"), torch.no_grad(), _usual_algorithms():
            yield
    except (RuntimeError, TypeError) as error:
        if "overflow" not in str(error).lower():
            raise
        raise Misfit("a size is too large: no tensor can have so many numbers") from None


@contextmanager
def _usual_algorithms() -> Iterator[None]:
    """Where a process trains deterministically, torch takes some operations apart, and a trace would see others."""
    if not torch.are_deterministic_algorithms_enabled():  # to say so again would import torch's compiler: a second
        yield
        return
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(True, warn_only=warns)


@contextmanager
def plugin_errors_as_misfits() -> Iterator[None]:
    """What goes wrong in a user's own block, as a misfit with the line; our own mistakes stay what they are."""
    try:
        yield
    except Misfit:
        raise
    except Exception as error:
        if line := own_line(error):
            raise Misfit(f"{type(error).__name__}: {error}{line}") from None
        raise


class Counter(TorchDispatchMode):
    """Mode that counts multiply-adds of what runs inside it, and follows the fields of what is computed from `x`."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.flops = 0
        self.fields: dict[int, tuple[Field, Tensor]] = {}  # the tensor too: an id is unique only while it lives
        self.put(x, Field())

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch's switch for modes that need no shielding from its compiler, whose import takes over a second."""
        return False

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and matrix products; torch counts two operations for each."""
        return self.flops // 2

    def put(self, x: Tensor, field: Field) -> None:
        self.fields[id(x)] = (field, x)

    def follows(self, x: Any) -> bool:
        """Whether it is a tensor that is computed from the input."""
        return isinstance(x, Tensor) and id(x) in self.fields

    def field(self, x: Tensor) -> Field:
        return self.fields[id(x)][0] if id(x) in self.fields else Field()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        pointwise = torch.Tag.pointwise in func.tags
        out = (_pointwise if pointwise else SHORT_CUTS.get(func.overloadpacket, func))(*args, **kwargs)
        if formula := flop_registry.get(func.overloadpacket):
            self.flops += formula(*args, **kwargs, out_val=out)
        inputs = [x for x in tree_leaves(args) if self.follows(x)]
        if inputs:
            field = largest([self.field(x) for x in inputs])
            for y in tree_leaves(out):
                if isinstance(y, Tensor):
                    slid = window(func.overloadpacket, args, inputs[0], y)
                    self.put(y, field.window(slid.kernel, slid.stride, slid.dilation) if slid else field)
        return out


def _normed(x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), x.new_empty(0), x.new_empty(0)


def _concatenated(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    first, dim = list(parts[0].shape), dim % parts[0].dim()
    rests = {tuple(n for axis, n in enumerate(x.shape) if axis != dim) for x in parts}
    if len(rests) > 1:
        raise RuntimeError(f"{' and '.join(str(tuple(x.shape[1:])) for x in parts)} cannot be concatenated")
    return parts[0].new_empty([*first[:dim], sum(x.shape[dim] for x in parts), *first[dim + 1 :]])


def _meaned(x: Tensor, dims: list[int] | None = None, keepdim: bool = False, **_: Any) -> Tensor:
    gone = {dim % x.dim() for dim in dims or range(x.dim())}
    kept = [1 if dim in gone else n for dim, n in enumerate(x.shape) if keepdim or dim not in gone]
    return x.new_empty(kept)


def _pointwise(*values: Any, **_: Any) -> Tensor:
    tensors = [value for value in values if isinstance(value, Tensor)]
    return tensors[0].new_empty(torch.broadcast_shapes(*(x.shape for x in tensors)))


def _multiplied(a: Tensor, b: Tensor) -> Tensor:
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(f"matrices of {a.shape[0]}×{a.shape[1]} and {b.shape[0]}×{b.shape[1]} cannot be multiplied")
    return a.new_empty(a.shape[0], b.shape[1])


SHORT_CUTS = {
    aten.mm: _multiplied,
    aten.addmm: lambda bias, a, b: _multiplied(a, b),
    aten.native_batch_norm: _normed,
    aten._native_batch_norm_legit: _normed,
    aten._native_batch_norm_legit_no_training: _normed,
    aten.mean: _meaned,
    aten.cat: _concatenated,
}
"""What torch's own meta kernels would do, who first import its compiler (1.2 s, half of the time a summary takes)"""
