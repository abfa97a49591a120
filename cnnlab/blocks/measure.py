"""What a block is on paper: the shape it leaves, its parameters, its multiply-adds, its receptive field.

All from one forward pass of its own module on the meta device: nothing is allocated, no second formula can disagree.

Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", doi:10.23915/distill.00021:
a window of k taps at distance d over positions that are j input pixels apart adds d · (k − 1) · j to the field, and its
stride multiplies j. Where branches meet, the largest field counts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from cnnlab.blame import own_line
from cnnlab.blocks.base import Misfit, Part, made
from cnnlab.settings import Shape

aten = torch.ops.aten
REDUCTIONS = (aten.mean, aten.sum, aten.amax)


@dataclass(frozen=True)
class Field:
    """Input pixels that one position sees, and that lie between neighbouring positions: (rows, columns)."""

    size: tuple[int, int] = (1, 1)
    step: tuple[float, float] = (1, 1)

    def window(self, kernel: Sequence[int], stride: Sequence[float], dilation: Sequence[int]) -> "Field":
        size = tuple(
            round(s + d * (k - 1) * j) for s, k, d, j in zip(self.size, kernel, dilation, self.step, strict=True)
        )
        return Field(size, tuple(j * t for j, t in zip(self.step, stride, strict=True)))  # type: ignore[arg-type]

    def then(self, other: "Field") -> "Field":
        """The field after a block whose own field, of its own input, is `other`."""
        size = tuple(round(s + (o - 1) * j) for s, o, j in zip(self.size, other.size, self.step, strict=True))
        return Field(size, tuple(j * t for j, t in zip(self.step, other.step, strict=True)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Window:
    """What an operation slides over an image: (rows, columns) of each."""

    kernel: tuple[int, int]
    stride: tuple[float, float] = (1, 1)
    """not whole where an adaptive pool's bins differ in size"""
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Measured:
    """What a part makes of one shape."""

    shape: Shape
    params: int
    macs: int
    """multiply-adds for one image, of convolutions and matrix products"""
    field: Field
    """of an output position, in positions of the part's own input"""


@lru_cache(maxsize=8192)
def measure(part: Part, shape: Shape) -> Measured:
    """Run the part's module on the meta device. Raises Misfit."""
    module, y, tally = passed(part, shape, lambda _, x: Tally(x))
    if any(hasattr(inner, "remake") for inner in module.modules()):
        _check_batch(module, shape)
    params = sum(parameter.numel() for parameter in module.parameters())
    return Measured(tuple(y.shape[1:]), params, tally.macs, tally.of(y) or Field())


Counting = TypeVar("Counting", bound="Tally")


def passed(
    part: Part, shape: Shape, count: Callable[[nn.Module, Tensor], Counting]
) -> tuple[nn.Module, Tensor, Counting]:
    """One pass of the part's module on the meta device: it, its output, and what `count` made to count has counted.

    Raises Misfit.
    """
    with torch.device("meta"), torch.no_grad(), _countable():
        with _told_of_plugins():
            module, x = made(part, shape).eval(), torch.empty(1, *shape)
        tally = count(module, x)
        try:
            with tally, _told_of_plugins():
                y = module(x)
        except RuntimeError as error:
            if "overflow" in str(error):
                raise
            raise Misfit(str(error)) from None
        if not isinstance(y, Tensor):
            raise Misfit(f"its forward() returns {type(y).__name__}, not a tensor")
    return module, y, tally


def _check_batch(module: nn.Module, shape: Shape) -> None:
    """What one image cannot tell of users' own modules: whether they leave as many as they are given."""
    with torch.device("meta"), torch.no_grad(), _told_of_plugins():
        y = module(torch.empty(2, *shape))
    if y.dim() < 2 or len(y) != 2:
        raise Misfit(f"its forward() makes {tuple(y.shape)} of {(2, *shape)}; the first axis, the images, has to stay")


@contextmanager
def _countable() -> Iterator[None]:
    """Say in the user's terms what torch says of tensors whose size 64 bits cannot hold."""
    try:
        yield
    except (RuntimeError, TypeError) as error:
        if "overflow" not in str(error).lower():
            raise
        raise Misfit("a size is too large: no tensor can have so many numbers") from None


@contextmanager
def _told_of_plugins() -> Iterator[None]:
    """What goes wrong in a user's own block, as a misfit with the line; our own mistakes stay what they are."""
    try:
        yield
    except Misfit:
        raise
    except Exception as error:
        if line := own_line(error):
            raise Misfit(f"{type(error).__name__}: {error}{line}") from None
        raise


class Tally(TorchDispatchMode):
    """Counts the multiply-adds of what runs inside it, and follows the fields of what is computed from `x`."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.flops = 0
        self.fields: dict[int, tuple[Field, Tensor]] = {}  # the tensor too: an id is unique only while it lives
        self.put(x, Field())

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch's door for modes that need no shielding from its compiler, whose import takes over a second."""
        return False

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and matrix products; torch counts two operations for each."""
        return self.flops // 2

    def put(self, x: Tensor, field: Field) -> None:
        self.fields[id(x)] = (field, x)

    def of(self, x: Any) -> Field | None:
        return self.fields[id(x)][0] if id(x) in self.fields else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        pointwise = torch.Tag.pointwise in func.tags
        out = (_pointwise if pointwise else SHORT_CUTS.get(func.overloadpacket, func))(*args, **kwargs)
        if formula := flop_registry.get(func.overloadpacket):
            self.flops += formula(*args, **kwargs, out_val=out)
        inputs = [x for x in tree_leaves(args) if isinstance(x, Tensor) and id(x) in self.fields]
        if inputs:
            field = largest([self.fields[id(x)][0] for x in inputs])
            for y in tree_leaves(out):
                if isinstance(y, Tensor):
                    slid = window(func.overloadpacket, args, inputs[0], y)
                    self.put(y, field.window(slid.kernel, slid.stride, slid.dilation) if slid else field)
        return out


def window(op: Any, args: Any, x: Tensor, y: Tensor) -> Window | None:
    """What `op` slides over `x` to make `y`; None where each position stays by itself."""
    if x.dim() != 4:
        return None
    if op is aten.convolution and args[6]:  # transposed: as many inputs as its taps meet at one output
        spans = [d * (k - 1) + 1 for k, d in zip(_two(args[1].shape[2:]), _two(args[5]), strict=True)]
        (rows, columns), (down, across) = [-(-n // s) for n, s in zip(spans, _two(args[3]), strict=True)], _two(args[3])
        return Window((rows, columns), (1 / down, 1 / across))
    if op is aten.convolution:
        return Window(_two(args[1].shape[2:]), _two(args[3]), _two(args[5]))
    if op in (aten.max_pool2d_with_indices, aten.max_pool2d, aten.avg_pool2d):
        kernel = _two(args[1])
        dilated = op is not aten.avg_pool2d and len(args) > 4
        return Window(kernel, _two(args[2]) if args[2:] else kernel, _two(args[4]) if dilated else (1, 1))
    if op in (aten._adaptive_avg_pool2d, aten.adaptive_max_pool2d):
        (n, rows), (m, columns) = zip(x.shape[-2:], args[1], strict=True)
        return Window((widest_bin(n, rows), widest_bin(m, columns)), (n / rows, m / columns))
    if op in REDUCTIONS:
        dims = {dim % 4 for dim in (args[1:] and args[1]) or range(4)}
        return _whole(x) if dims & {2, 3} else None
    return _whole(x) if y.dim() == 2 else None  # flattened


def _whole(x: Tensor) -> Window:
    return Window((x.shape[-2], x.shape[-1]))


def widest_bin(n: int, m: int) -> int:
    """Positions that the largest of m bins over n positions has, as adaptive pools cut them: they may overlap."""
    shared = gcd(n, m)
    return -(-(n + m - shared) // m)


def _normed(x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), x.new_empty(0), x.new_empty(0)


def _joined(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
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
    aten.cat: _joined,
}
"""What torch's own meta kernels would do, who first import its compiler (1.2 s, half of the time a summary takes)"""


def largest(fields: list[Field]) -> Field:
    rows, columns = zip(*(field.size for field in fields), strict=True)
    down, across = zip(*(field.step for field in fields), strict=True)
    return Field((max(rows), max(columns)), (max(down), max(across)))


def _two(value: Any) -> tuple[int, int]:
    first, *rest = value if isinstance(value, list | tuple) else [value]
    return (first, rest[0] if rest else first)
