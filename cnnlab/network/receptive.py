"""The receptive field of every tensor in a forward pass, branches included.

Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", doi:10.23915/distill.00021:
a window of k taps at distance d over positions that are j input pixels apart adds d · (k − 1) · j to the field, and its
stride multiplies j. Where branches meet, the largest field counts.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten


@dataclass(frozen=True)
class Field:
    """Input pixels that one position sees, and that lie between neighbouring positions: (rows, columns)."""

    size: tuple[int, int] = (1, 1)
    step: tuple[float, float] = (1, 1)

    def window(self, kernel: list[int], stride: list[float], dilation: list[int]) -> "Field":
        size = tuple(
            round(s + d * (k - 1) * j) for s, k, d, j in zip(self.size, kernel, dilation, self.step, strict=True)
        )
        return Field(size, tuple(j * t for j, t in zip(self.step, stride, strict=True)))  # type: ignore[arg-type]

    def then(self, other: "Field") -> "Field":
        """The field after a block whose own field, of its own input, is `other`."""
        size = tuple(round(s + (o - 1) * j) for s, o, j in zip(self.size, other.size, self.step, strict=True))
        return Field(size, tuple(j * t for j, t in zip(self.step, other.step, strict=True)))  # type: ignore[arg-type]

    def all_of(self, image: Tensor) -> "Field":
        return self.window(list(image.shape[-2:]), [1, 1], [1, 1])


class FieldMode(TorchDispatchMode):
    """Follows the fields of what is computed from `x` inside it."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.fields: dict[int, tuple[Field, Tensor]] = {}  # the tensor too: an id is unique only while it lives
        self.put(x, Field())

    def put(self, x: Tensor, field: Field) -> None:
        self.fields[id(x)] = (field, x)

    def of(self, x: Any) -> Field | None:
        return self.fields[id(x)][0] if id(x) in self.fields else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        inputs = [x for x in tree_leaves(args) if isinstance(x, Tensor) and id(x) in self.fields]
        if inputs:
            seen = self.seen(func.overloadpacket, args, inputs)
            for y in tree_leaves(out):
                if isinstance(y, Tensor):
                    self.put(y, seen.all_of(inputs[0]) if inputs[0].dim() == 4 and y.dim() == 2 else seen)
        return out

    def seen(self, op: Any, args: Any, inputs: list[Tensor]) -> Field:
        fields = [self.fields[id(x)][0] for x in inputs]
        field = Field(*(tuple(map(max, zip(*pairs, strict=True))) for pairs in zip(*((f.size, f.step) for f in fields), strict=True)))  # type: ignore[arg-type]
        if op is aten.convolution:
            return field.window(list(args[1].shape[2:]), _two(args[3]), _two(args[5]))
        if op in (aten.max_pool2d_with_indices, aten.max_pool2d, aten.avg_pool2d):
            kernel = _two(args[1])
            stride = _two(args[2]) if len(args) > 2 and args[2] else kernel
            return field.window(kernel, stride, _two(args[4]) if len(args) > 4 and op is not aten.avg_pool2d else [1, 1])
        if op is aten._adaptive_avg_pool2d:
            sizes = list(zip(inputs[0].shape[-2:], args[1], strict=True))
            return field.window([-(-n // m) for n, m in sizes], [n / m for n, m in sizes], [1, 1])
        if op is aten.mean and inputs[0].dim() == 4:
            return field.all_of(inputs[0])
        return field


def _two(value: Any) -> list[int]:
    pair = list(value) if isinstance(value, list | tuple) else [value]
    return pair * 2 if len(pair) == 1 else pair
