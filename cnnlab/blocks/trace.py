"""What a block does, step by step: each call of one of torch's layers, and each operation between them.

Noted in one forward pass of its own module on the meta device, as `measure` counts it; so it holds for users' own
modules, too, and no list of kinds has to be kept beside the kinds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnnlab.blocks.base import Part
from cnnlab.blocks.measure import Field, Tally, Window, aten, largest, passed, window
from cnnlab.settings import Shape

INPUT = -1
"""in the place of a step's number: what the block is given"""
UNPADDED = (0, 0, 0, 0)

OPERATIONS: dict[Any, str] = {
    aten.convolution: "convolution",
    aten.max_pool2d: "max_pool",
    aten.max_pool2d_with_indices: "max_pool",
    aten.avg_pool2d: "avg_pool",
    aten._adaptive_avg_pool2d: "adaptive_pool",
    aten.mean: "mean",
    aten.addmm: "linear",
    aten.mm: "linear",
    aten.constant_pad_nd: "pad",
    aten.reflection_pad2d: "pad",
    aten.replication_pad2d: "pad",
    aten.cat: "concat",
    aten.add: "add",
    aten.add_: "add",
    aten.mul: "mul",
    aten.mul_: "mul",
    aten.maximum: "max",
    aten.index: "select",
    aten.view: "flatten",
    aten._unsafe_view: "flatten",
}
"""torch's operation -> the word for it here; where a layer runs several, the one listed first names it"""

MAIN = ("convolution", "max_pool", "avg_pool", "adaptive_pool", "linear")
"""those of which a layer has but one, unless it is something else altogether"""


@dataclass(frozen=True)
class Step:
    """A layer's call, or an operation in the forward of a module that is not torch's."""

    path: str
    """of the module, within the block: "body.conv1.conv"; empty for the block's own"""
    name: str
    """the layer's class, or torch's name of the operation"""
    does: str
    """a word of OPERATIONS; norm, act, dropout, identity; torch's name where it is none of these"""
    takes: tuple[int, ...]
    """numbers of the steps whose outputs it takes"""
    given: tuple[Shape, ...]
    """shapes of what it takes"""
    shape: Shape
    """of what it leaves"""
    before: Field
    """of what it takes, the largest"""
    field: Field
    """of what it leaves, in positions of the block's input"""
    params: tuple[Shape, ...] = ()
    """shapes of its parameters, but for those that an earlier step has as well"""
    weight: Shape = ()
    """shape of what a convolution slides, or a linear layer multiplies with"""
    macs: int = 0
    window: Window | None = None
    pads: tuple[int, int, int, int] = UNPADDED
    """zeros, or a mirrored edge: top, bottom, left, right"""
    ceil: bool = False
    """whether sizes are rounded up"""
    count: int = 0
    """channels that a pad adds, or that are selected"""
    layer: nn.Module | None = dataclasses.field(default=None, compare=False)
    """torch's layer, on the meta device"""


@dataclass(frozen=True)
class Trace:
    """All the steps, in the order in which they run."""

    steps: tuple[Step, ...]
    last: int
    """number of the step that makes the output; INPUT where nothing is done"""
    idle: tuple[Shape, ...]
    """shapes of parameters that no step makes use of"""


@lru_cache(maxsize=4096)
def trace(part: Part, shape: Shape) -> Trace:
    """Run the part's module on the meta device, and note what it does. Raises Misfit."""
    module, y, found = passed(part, shape, Tracer)
    idle = [tuple(p.shape) for p in module.parameters() if id(p) not in found.claimed]
    return Trace(tuple(found.steps), found.made.get(id(y), INPUT), tuple(idle))


@dataclass
class Call:
    """A layer of torch's that is running."""

    path: str
    layer: nn.Module
    inputs: list[Tensor]
    macs: int = 0
    ops: list[tuple[Any, Any, Any]] = dataclasses.field(default_factory=list)
    """torch's operations on what it is given, with their arguments and outputs"""


class Tracer(Tally):
    """Notes the steps of what runs inside it."""

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        super().__init__(x)
        self.steps: list[Step] = []
        self.made: dict[int, int] = {id(x): INPUT}
        self.claimed: set[int] = set()
        self.constant: dict[int, tuple[Tensor, list[Tensor]]] = {}
        """what is made of parameters alone, and which: a transposed weight"""
        self.parameters = {id(p) for p in module.parameters()}
        self.path, self.call = [""], None
        for name, inner in module.named_modules():
            entered = partial(self.entered, name)
            inner.register_forward_pre_hook(entered, with_kwargs=True)
            inner.register_forward_hook(lambda _, __, out: self.left(out))

    def entered(self, name: str, layer: nn.Module, args: Any, kwargs: Any) -> None:
        self.path.append(name)
        if self.call is None and _is_layer(layer):
            self.call = Call(name, layer, [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)])

    def left(self, out: Any) -> None:
        name = self.path.pop()
        if self.call and self.call.path == name:
            call, self.call = self.call, None
            outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
            if outs:
                self.called(call, *outs)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = self.macs
        out = super().__torch_dispatch__(func, types, args, kwargs)
        op, macs = func.overloadpacket, self.macs - before
        given = any(isinstance(x, Tensor) and id(x) in self.fields for x in tree_leaves(args))
        if not given:
            self.keep(args, out)
        if self.call:
            self.call.macs += macs
            self.call.ops += [(op, args, out)] if given else []
        elif given or macs:
            self.operated(op, args, out, macs)
        return out

    def keep(self, args: Any, out: Any) -> None:
        """Note which parameters something is made of."""
        used = self.used(args)
        for y in tree_leaves(out) if used else ():
            if isinstance(y, Tensor):
                self.constant[id(y)] = (y, used)

    def used(self, args: Any) -> list[Tensor]:
        """The parameters among an operation's arguments, or in what those are made of."""
        found: list[Tensor] = []
        for x in tree_leaves(args):
            if isinstance(x, Tensor):
                found += [x] if id(x) in self.parameters else self.constant.get(id(x), (x, []))[1]
        return found

    def claim(self, params: Sequence[Tensor]) -> tuple[Shape, ...]:
        """The shapes of those that no step before had."""
        new = {id(p): p for p in params if id(p) not in self.claimed}
        self.claimed |= new.keys()
        return tuple(tuple(p.shape) for p in new.values())

    def called(self, call: Call, out: Tensor, *others: Tensor) -> None:
        """A step for a layer's call."""
        ranks = {op: i for i, op in enumerate(OPERATIONS)}
        known = min((noted for noted in call.ops if noted[0] in ranks), key=lambda noted: ranks[noted[0]], default=None)
        if sum(OPERATIONS.get(op) in MAIN for op, *_ in call.ops) > 1:
            known = None  # an LSTM is no linear layer
        kind = _kind(call.layer)
        details: dict[str, Any] = {"macs": call.macs, "layer": call.layer}
        if known and not kind:
            details |= _details(*known)
            pads = [_pads(args) for op, args, _ in call.ops if op is not known[0] and OPERATIONS.get(op) == "pad"]
            details["pads"] = tuple(map(sum, zip(details.get("pads", UNPADDED), *pads, strict=True)))
        name = type(call.layer).__name__
        does = kind or (_word(*known[:2]) if known else name)
        inputs = [x for x in call.inputs if id(x) in self.fields]
        details |= {"params": self.claim(list(call.layer.parameters())), **self.ends(inputs, out)}
        self.add(Step(call.path, name, does, **details), out, *others)

    def operated(self, op: Any, args: Any, out: Any, macs: int) -> None:
        """A step for an operation between layers."""
        outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
        inputs = [x for x in tree_leaves(args) if isinstance(x, Tensor) and id(x) in self.fields]
        if not outs:
            return
        name = _name(op)
        details = {"params": self.claim(self.used(args)), "macs": macs, **_details(op, args, out)}
        step = Step(self.path[-1], name, _word(op, args), **self.ends(inputs, outs[0]), **details)
        self.add(step, *outs, *(inputs[:1] if name.endswith("_") else ()))

    def ends(self, inputs: list[Tensor], out: Tensor) -> dict[str, Any]:
        """What a step takes and leaves."""
        before = largest([self.fields[id(x)][0] for x in inputs] or [Field()])
        takes, given = tuple(self.made.get(id(x), INPUT) for x in inputs), tuple(_shape(x) for x in inputs)
        sees = self.of(out) or Field()
        return {"takes": takes, "given": given, "shape": _shape(out), "before": before, "field": sees}

    def add(self, step: Step, *outs: Tensor) -> None:
        self.made.update({id(y): len(self.steps) for y in outs})
        self.steps.append(step)


def _shape(x: Tensor) -> Shape:
    return tuple(x.shape[1:])


def _is_layer(module: nn.Module) -> bool:
    """Whether it is one of torch's own layers, or derived from one, and has no others inside."""
    own = [cls.__module__ for cls in type(module).__mro__ if cls is not nn.Module]
    return not list(module.children()) and any(
        name.startswith("torch.nn.") and not name.endswith(".container") for name in own
    )


def _kind(layer: nn.Module) -> str:
    """What layers are named by that have no operation of their own name."""
    norms = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm)
    if isinstance(layer, norms):
        return "norm"
    if isinstance(layer, nn.modules.dropout._DropoutNd):
        return "dropout"
    if isinstance(layer, nn.Identity):
        return "identity"
    activations = any(cls.__module__ == "torch.nn.modules.activation" for cls in type(layer).__mro__)
    return "act" if activations and not isinstance(layer, nn.MultiheadAttention) else ""


def _word(op: Any, args: Any) -> str:
    """The word for an operation, torch's name where there is none."""
    if op is aten.convolution and args[6]:
        return "transposed_convolution"
    return OPERATIONS.get(op) or _name(op)


def _name(op: Any) -> str:
    return op._qualified_op_name.partition("::")[2]


def _details(op: Any, args: Any, out: Any) -> dict[str, Any]:
    """What the formulas of an operation need to know of it."""
    tensors = [x for x in tree_leaves(args) if isinstance(x, Tensor)]
    outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
    found: dict[str, Any] = {"window": window(op, args, tensors[0], outs[0]) if tensors and outs else None}
    match OPERATIONS.get(op):
        case "convolution":
            rows, columns = _pair(args[4])
            found |= {"weight": tuple(args[1].shape), "pads": (rows, rows, columns, columns)}
        case "max_pool" | "avg_pool":
            rows, columns = _pair(args[3] if len(args) > 3 else 0)
            at = 5 if OPERATIONS[op] == "max_pool" else 4
            found |= {"pads": (rows, rows, columns, columns), "ceil": len(args) > at and bool(args[at])}
        case "linear":
            found |= {"weight": tuple(tensors[-1].shape)}
        case "pad":
            found |= {"pads": _pads(args), "count": sum(args[1][4:6])}
        case "select":
            found |= {"count": next((x.numel() for x in tree_leaves(args[1]) if isinstance(x, Tensor)), 0)}
    return found


def _pads(args: Any) -> tuple[int, int, int, int]:
    """Top, bottom, left, right; torch counts from the last axis on."""
    left, right, top, bottom, *_ = [*args[1], 0, 0, 0, 0]
    return (top, bottom, left, right)


def _pair(value: Any) -> tuple[int, int]:
    first, *rest = value if isinstance(value, list | tuple) else [value]
    return (first, rest[0] if rest else first)
